//! Room: config: what an administrator can set: one struct per concern, loaded from TOML and the environment, checked,
//! and explained when it is wrong. `config.example.toml` names every key.
//! May import: base.

mod check;
mod explain;
mod load;
mod sections;
mod values;

pub use explain::ConfigError;
pub use sections::{
    BooksConfig, Config, DatabaseConfig, FederationConfig, FederationMode, InstanceConfig, LimitsConfig, LogConfig,
    LogFormat, MailConfig, MediaConfig, Registration, Scheme, SecretsConfig, ServerConfig,
};
pub use values::{Cidr, ServiceUrl};
