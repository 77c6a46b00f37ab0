//! Composing and sending: templates, links, headers, SES and SNS.
