#![allow(clippy::all, missing_docs, unused)]
use masa_tests::{tools,http};
#[test] fn dynamo() { let t=std::time::Instant::now(); let s=tools::dynamodb_local(std::path::Path::new("/tmp/infra/ddb.log")).unwrap(); println!("ddb {:?}",t.elapsed());
 let a=http::request(s.port(),"POST","/",&[("authorization","AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"),("x-amz-target","DynamoDB_20120810.ListTables"),("content-type","application/x-amz-json-1.0")],b"{}").unwrap(); println!("{} {}",a.status,a.text()); }
#[test] fn dynamo2() { dynamo() }
#[test] fn chromium() { let t=std::time::Instant::now(); println!("{:?} {:?}",tools::chromium().unwrap(),t.elapsed()); }
#[test] fn sam() { let t=std::time::Instant::now(); println!("{:?} {:?} {:?}",tools::sam().unwrap(),tools::ministack().unwrap(),t.elapsed()); }
