//! Reading a PDF in a process of its own: the same program, with limits that the kernel keeps. What it said before it ran
//! into one of them counts.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::base::{Error, Result};

/// The command by which the program reads a PDF from its input.
pub const COMMAND: &str = "read-pdf";
/// Bytes of memory that it may write to, and seconds of work; a second later it is stopped for good.
const MEMORY: u64 = 512 << 20;
const SECONDS: u64 = 20;
/// Characters told of one file.
const MOST: usize = 400_000;

/// What `program`, which is this one, reads in a PDF; empty when it can read nothing.
///
/// # Errors
/// `Internal` when it cannot be started.
pub fn read(program: &Path, bytes: &[u8]) -> Result<String> {
    let mut child = Command::new(program)
        .arg(COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Error::internal)?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let mut text = Vec::new();
    if let Some(mut input) = input
        && let Err(error) = input.write_all(bytes)
    {
        tracing::debug!(%error, "the reader of a PDF stopped early");
    }
    if let Some(output) = output {
        // A character takes four bytes at most.
        output.take(4 * MOST as u64).read_to_end(&mut text).map_err(Error::internal)?;
    }
    let ended = child.wait().map_err(Error::internal)?;
    if !ended.success() {
        tracing::debug!(%ended, "a PDF was not read to its end");
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The other end: reads a PDF from the input and writes its text, page by page.
///
/// # Errors
/// `Internal` when limits cannot be set; without them nothing is read.
pub fn serve() -> Result<()> {
    let limit = |resource, most: u64, more: u64| {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most + more) }).map_err(Error::internal)
    };
    limit(Resource::Data, MEMORY, 0)?;
    limit(Resource::Cpu, SECONDS, 1)?;
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Fsize, 0, 0)?;
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::internal)?;
    let mut out = std::io::stdout().lock();
    super::each_page(bytes, MOST, |page| {
        // Page by page, so that what was read before a limit is reached has left this process.
        let written = out.write_all(page.as_bytes()).and_then(|()| out.write_all(b"\n\n")).and_then(|()| out.flush());
        if written.is_err() {
            std::process::exit(0);
        }
    });
    Ok(())
}
