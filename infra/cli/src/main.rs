//! The `masa` command.
//!
//! Exit codes: 0, 1 when it found something to mend, 2 when it could not run.

// The SDK's futures nest deeply.
#![recursion_limit = "256"]

mod check;
mod contacts;
mod cost;
mod dev;
mod doctor;
mod flows;
mod graph;
mod new;
mod publish;
mod table;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Customer journeys: check them, try them, publish them, mend them.
#[derive(Debug, Parser)]
#[command(name = "masa", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine: hooks, journeys, an outbox and a console.
    Dev(dev::Arguments),
    /// Copy a journey of the library.
    New(new::Arguments),
    /// Check a folder of journeys and name file, line and column of what is wrong.
    Check(check::Arguments),
    /// Draw a journey.
    Graph(graph::Arguments),
    /// Run the tests beside the journeys on virtual time.
    Test(test::Arguments),
    /// Tell what a thousand runs of a journey cost.
    Cost(cost::Arguments),
    /// Check a folder of journeys and make them live in a deployed stack.
    Publish(publish::Arguments),
    /// What is live in a deployed stack: list, pause, resume, retire, go back, move who is inside.
    Flows(flows::Arguments),
    /// Take contacts from a file, or write them into one.
    Contacts(contacts::Arguments),
    /// Tell what a deployed stack gave up and why, and put it back.
    Doctor(doctor::Arguments),
}

/// What a command found.
enum Found {
    /// Nothing to mend.
    Nothing,
    /// Something to mend; it was told.
    Something,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    end_with_the_reader();
    let done = match Arguments::parse().command {
        Command::Dev(arguments) => dev::run(arguments).await,
        Command::New(arguments) => new::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Graph(arguments) => graph::run(&arguments),
        Command::Test(arguments) => test::run(&arguments).await,
        Command::Cost(arguments) => cost::run(&arguments),
        Command::Publish(arguments) => publish::run(&arguments).await,
        Command::Flows(arguments) => flows::run(&arguments).await,
        Command::Contacts(arguments) => contacts::run(&arguments).await,
        Command::Doctor(arguments) => doctor::run(&arguments).await,
    };
    match done {
        Ok(Found::Nothing) => ExitCode::SUCCESS,
        Ok(Found::Something) => ExitCode::from(1),
        Err(error) => {
            eprintln!("masa: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whoever reads the output may have read enough (`masa check | head`): then the command ends, without a word.
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let told = panic.payload().downcast_ref::<String>();
        if told.is_some_and(|told| told.starts_with("failed printing to std")) {
            std::process::exit(0);
        }
        usual(panic);
    }));
}
