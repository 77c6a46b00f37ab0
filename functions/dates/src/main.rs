//! Dates that nobody was woken for: the Lambda binary.

// The SDK's futures nest deeply.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), masa_runtime::Error> {
    masa_runtime::run::<masa_dates::Function>().await
}
