//! Requests become API Gateway events of payload version 2.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use masa_box::{HttpRequest, handler};
use serde_json::{Value, json};

use crate::{new_box, recorder};

fn request(method: &str, path: &str, content_type: Option<&str>, body: &[u8]) -> HttpRequest {
    let typed = content_type.map(|value| ("Content-Type".to_owned(), value.to_owned()));
    HttpRequest {
        method: method.into(),
        path: path.into(),
        headers: typed.into_iter().collect(),
        body: body.to_vec(),
        source_ip: "203.0.113.7".into(),
        ..HttpRequest::default()
    }
}

#[tokio::test]
async fn bodies_are_base64_unless_they_are_text() {
    let opened = new_box();
    let (function, seen) = recorder(|_| Ok(json!({"statusCode": 204})));
    opened.on_http("signup", &["POST /hooks/signup"], function).unwrap();
    let cases = [
        (Some("application/json; charset=utf-8"), &b"{}"[..], "{}", false),
        (Some("text/plain"), b"a", "a", false),
        (Some("application/x-www-form-urlencoded"), b"a=b", "YT1i", true),
        (None, b"a", "YQ==", true),
        (Some("application/octet-stream"), b"\xff", "/w==", true),
    ];
    for (content_type, body, expected, encoded) in cases {
        let answer = opened.http(request("POST", "/hooks/signup", content_type, body)).await;
        assert_eq!(answer.status, 204);
        let event = seen.lock().unwrap().pop().unwrap();
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!(expected), &json!(encoded)),
            "{content_type:?}"
        );
    }
}

#[tokio::test]
async fn routes_are_by_method_and_path() {
    let opened = new_box();
    let echo = |function: &'static str| {
        handler(move |event: ApiGatewayV2httpRequest| async move {
            let body = json!({
                "function": function,
                "token": event.path_parameters.get("token"),
                "method": event.request_context.http.method.as_str(),
                "ip": event.request_context.http.source_ip,
                "header": event.headers.get("x-a").map(|value| value.to_str().unwrap()),
                "query": event.query_string_parameters.all("q"),
                "cookies": event.cookies,
            });
            let mut response = ApiGatewayV2httpResponse::default();
            response.status_code = 200;
            response.body = Some(body.to_string().into());
            response.cookies = vec!["a=b".into()];
            Ok::<_, String>(response)
        })
    };
    opened.on_http("click", &["GET /c/{token}", "HEAD /c/{token}"], echo("click")).unwrap();
    opened.on_http("preferences", &["ANY /u/{token}"], echo("preferences")).unwrap();
    opened.on_http("fixed", &["GET /u/fixed"], echo("fixed")).unwrap();

    let mut asked = request("GET", "/c/a%20b", None, b"");
    asked.query = "q=x+y%21&q=z".into();
    for (name, value) in [("X-A", "1"), ("x-a", "2"), ("cookie", "c=1; d=2")] {
        asked.headers.push((name.into(), value.into()));
    }
    let answer = opened.http(asked).await;
    assert!(answer.headers.contains(&("set-cookie".into(), "a=b".into())));
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let expected = json!({
        "function": "click", "token": "a b", "method": "GET", "ip": "203.0.113.7", "header": "1,2",
        "query": ["x y!", "z"], "cookies": ["c=1", "d=2"],
    });
    assert_eq!(body, expected);

    for (method, path, status, function) in [
        ("HEAD", "/c/t", 200, "click"),
        ("POST", "/c/t", 404, ""),
        ("POST", "/u/t", 200, "preferences"),
        ("GET", "/u/fixed", 200, "fixed"),
        ("GET", "/u/", 404, ""),
        ("GET", "/u/t/more", 404, ""),
        ("GET", "/", 404, ""),
    ] {
        let answer = opened.http(request(method, path, None, b"")).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, status, "{method} {path}");
        let expected =
            if status == 404 { json!({"message": "Not Found"}) } else { json!(function) };
        assert_eq!(
            if status == 404 { &body } else { &body["function"] },
            &expected,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_picture_comes_back_as_bytes_and_a_failure_as_500() {
    let opened = new_box();
    let (picture, _) = recorder(|_| {
        let headers = json!({"Content-Type": "image/gif"});
        Ok(
            json!({"statusCode": 200, "headers": headers, "body": "R0lGODlh", "isBase64Encoded": true}),
        )
    });
    let (broken, _) = recorder(|_| Err("no".into()));
    opened.on_http("open", &["GET /o/{token}"], picture).unwrap();
    opened.on_http("broken", &["GET /broken"], broken).unwrap();
    let answer = opened.http(request("GET", "/o/t", None, b"")).await;
    assert_eq!(answer.body, b"GIF89a");
    assert_eq!(answer.headers, [("content-type".to_owned(), "image/gif".to_owned())]);
    assert_eq!(opened.http(request("GET", "/broken", None, b"")).await.status, 500);
}
