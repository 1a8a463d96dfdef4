//! `kring demo`.
use clap::Args;

#[derive(Debug, Args)]
pub struct DemoArgs {}

pub async fn run(_args: DemoArgs) -> Result<(), String> { Ok(()) }
