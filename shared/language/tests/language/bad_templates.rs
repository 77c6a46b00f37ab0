//! Template files.

use crate::{FLOW, HELLO, read, refused};

/// Asserts the one problem of the English template.
#[track_caller]
fn html(source: &str, expected: &str) {
    let path = "one/templates/hello.en.html";
    refused(&[(path, source)], &[&format!("{path}:{expected}")]);
}

#[test]
fn front_matter() {
    for (source, expected) in [
        ("<p>Hello</p>\n", "1:1 no-front-matter"),
        ("---\nsubject: a\n<p>Hello</p>\n", "1:1 no-front-matter"),
        ("---\n---\n<p>Hello</p>\n", "1:1 missing-subject"),
        ("---\npreheader: a\n---\n<p>Hello</p>\n", "2:1 missing-subject"),
        ("---\nsubject:\n---\n<p>Hello</p>\n", "2:1 wrong-type"),
        ("---\nsubject: a\ntitle: b\n---\n<p>Hello</p>\n", "3:1 unknown-key"),
        ("---\nsubject: a\nsubject: b\n---\n<p>Hello</p>\n", "3:1 duplicate-key"),
        ("---\nsubject: a: b\n---\n<p>Hello</p>\n", "2:11 yaml-syntax"),
        ("---\nsubject: Sale #1\n---\n<p>Hello</p>\n", "2:14 cut-by-comment"),
        ("---\nsubject: |\n  a\n  b\n---\n<p>Hello</p>\n", "3:3 wrong-type"),
        ("---\nsubject: a\n---\n\n", "4:1 empty-template"),
        ("---\nsubject: '{{ a'\n---\n<p>Hello</p>\n", "2:10 template-syntax"),
        ("---\nsubject: a\npreheader: '{{ a | no }}'\n---\n<p>Hello</p>\n", "3:12 unknown-filter"),
    ] {
        html(source, expected);
        html(&source.replace('\n', "\r\n"), expected);
    }
}

#[test]
fn the_engines_own_errors_have_line_and_column() {
    let head = "---\nsubject: a\n---\n<p>Hello</p>\n";
    for (body, expected) in [
        ("<p>שלום {{ first_name }</p>\n", "5:9 template-syntax"),
        ("<p>{{ a }} {{ b + }}</p>\n", "5:12 template-syntax"),
        ("{{ a }}\n\n<b>{% if x %}</b>\n", "7:4 template-syntax"),
        ("{% fro x in y %}{% endfor %}\n", "5:1 template-syntax"),
        ("{% include 'x' %}\n", "5:1 template-syntax"),
        ("{{ name | uper }}\n", "5:11 unknown-filter"),
        ("{{ name }}\n{{ a }} {% if name is emtpy %}x{% endif %}\n", "6:23 unknown-test"),
        ("{{ shop.name }} {{ today() }}\n", "5:20 unknown-function"),
        ("{{ shop.name.upper() }}\n", "5:14 unknown-method"),
        ("<a href=\"{{ link(shop.url) }}\">x</a>\n", "5:13 unknown-function"),
    ] {
        html(&format!("{head}{body}"), expected);
    }
}

#[test]
fn what_the_engine_knows_is_let_through() {
    let source = "---\nsubject: '{{ first_name | default(\"you\") | upper }}'\n---\n\
        {% if order is defined and order.items | length > 1 and not x is none %}\
        {% for item in order.items | reverse %}{{ loop.index }}{{ loop.cycle('a', 'b') }} {{ item.name | trim | title }}{% endfor %}\
        {% elif (a or b) and a in (1, 2) %}{% set n = range(3) | list %}{{ n | first }}\
        {% filter upper %}x{% endfilter %}{% raw %}{{ | }}{% endraw %}{# {{ #}\
        {% endif %}";
    read(&[("one/templates/hello.en.html", source)]).unwrap();
}

#[test]
fn text_parts() {
    let path = "one/templates/hello.en.txt";
    for (source, expected) in [
        (" \n", "1:1 empty-template"),
        ("---\nsubject: a\n---\nHello", "1:1 front-matter-in-text"),
        ("Hello\n{{ x", "2:1 template-syntax"),
    ] {
        refused(&[(path, source)], &[&format!("{path}:{expected}")]);
    }
    let library = read(&[(path, "{{ link(shop.url) }}")]).unwrap();
    let hello = &library.flows[0].templates["hello"];
    assert_eq!(hello["en"].text.as_deref(), Some("{{ link(shop.url) }}"));
    assert_eq!(hello["he"].text, None);
    refused(
        &[("one/templates/hello.fr.txt", "Bonjour")],
        &["one/templates/hello.fr.txt:1:1 text-without-html"],
    );
}

#[test]
fn names_of_template_files() {
    for (file, code) in [
        ("hello.html", "bad-template-name"),
        ("hello.he.htm", "bad-template-name"),
        ("Hello.he.html", "bad-template-name"),
        ("hello.he.old.html", "bad-template-name"),
        ("hello.hebrew.html", "bad-language"),
        ("hello.HE.html", "bad-language"),
        ("other.he.html", "unused-template"),
    ] {
        let path = format!("one/templates/{file}");
        refused(&[(&path, HELLO)], &[&format!("{path}:1:1 {code}")]);
    }
}

#[test]
fn a_mistyped_template_is_not_unused_as_well() {
    refused(
        &[("one/flow.yaml", &FLOW.replace("hello", "hallo"))],
        &["one/flow.yaml:4:12 unknown-template"],
    );
}

#[test]
fn what_the_engine_might_not_survive_is_refused() {
    let head = "---\nsubject: a\n---\n";
    let long = format!("{head}x {{{{ a{} }}}}", "+a".repeat(20_000));
    html(&long, "4:3 tag-too-long");
    html(&format!("{head}{{{{ {}a }}}}", "not ".repeat(10_000)), "4:1 tag-too-long");
    html(
        &format!(
            "{head}{{% raw %}}{{{{ \"{{% endraw %}}{{{{ \" }}}} \" {} }}}}",
            "+a".repeat(9_000)
        ),
        "4:26 tag-too-long",
    );
    let elifs = "{% elif b %}\n".repeat(40_000);
    html(&format!("{head}{{% if a %}}\n{elifs}{{% endif %}}"), "105:1 too-many-elifs");
    html(&format!("{head}{}", "{% if a %}".repeat(5_000)), "4:1 template-syntax");
    html(&format!("{head}{}{{{{", "x".repeat(70_000)), "4:1 line-too-long");
    // The longest that is allowed, read by the engine without running out of stack.
    let nots = format!("{{{{ {}a }}}}", "not ".repeat(245));
    let sums = format!("{{{{ a{} }}}}", "+a".repeat(490));
    let negations = format!("{{{{ {}a }}}}", "-".repeat(980));
    let filters = format!("{{{{ a{} }}}}", "|e".repeat(490));
    let elifs = format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(100));
    for body in [nots, sums, negations, filters, elifs] {
        let nested =
            format!("{head}{}{body}{}", "{% if a %}".repeat(120), "{% endif %}".repeat(120));
        read(&[("one/templates/hello.en.html", &nested)]).unwrap();
    }
}
