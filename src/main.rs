//! The `kring` command: parses its line and calls the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    kring::cli::main()
}
