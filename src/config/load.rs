use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format as _, Serialized, Toml};
use figment::value::Value;

use super::check::{check, is_loopback};
use super::explain::{ConfigError, explain};
use super::sections::{Config, Scheme};
use super::values::{Cidr, ServiceUrl};

/// Environment variables with this start override keys: `KRING__SERVER__LISTEN` is `server.listen`.
const PREFIX: &str = "KRING__";

impl Config {
    /// Reads the file (or the one `KRING_CONFIG` names, or none: the defaults), then the environment, and checks all.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        // A variable that is no text can be none of ours.
        let variables =
            std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        Self::load_with(path, variables.collect())
    }

    /// As [`Config::load`], with these environment variables.
    pub fn load_with(path: Option<&Path>, variables: Vec<(String, String)>) -> Result<Self, ConfigError> {
        let named = variables.iter().find(|(key, _)| key == "KRING_CONFIG").map(|(_, value)| PathBuf::from(value));
        let path = path.map(Path::to_owned).or(named);
        let mut figment = Figment::new();
        let mut folder = PathBuf::from(".");
        if let Some(path) = &path {
            let text = std::fs::read_to_string(path)
                .map_err(|error| ConfigError::new(format!("cannot read {}: {error}", path.display())))?;
            figment = figment.merge(Toml::string(&text));
            // A bare name has the empty path as its parent.
            folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(&folder).to_owned();
        }
        for (key, value) in &variables {
            let Some(key) = key.strip_prefix(PREFIX) else { continue };
            let key = key.to_lowercase().replace("__", ".");
            let Ok(value) = value.parse::<Value>();
            figment = figment.merge(Serialized::global(&key, value));
        }
        let mut config: Self = figment.extract().map_err(|error| explain(&error, &figment))?;
        config.instance.domain = config.instance.domain.trim().to_lowercase();
        if figment.find_value("instance.domain").is_err() {
            // On this machine, and nothing is said of a proxy: people come by the port it listens on.
            config.instance.domain = format!("localhost:{}", config.server.listen.port());
        }
        if figment.find_value("instance.scheme").is_err() {
            config.instance.scheme = if is_loopback(&config.instance.domain) { Scheme::Http } else { Scheme::Https };
        }
        config.finish(&folder)
    }

    /// For a demo or test: `domain` (a name under `localhost`) on a loopback port, with all data in `dir`, mail written
    /// to files, and other instances on loopback within reach.
    pub fn default_for(domain: &str, port: u16, dir: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.instance.domain = format!("{domain}:{port}");
        config.server.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        config.database.url = ServiceUrl::new("sqlite:kring.db");
        config.media.url = ServiceUrl::new("file:media");
        config.mail.url = ServiceUrl::new("file:mail");
        config.secrets.key_file = "secret.key".into();
        config.search.folder = "search".into();
        config.search.synonyms = "synonyms.txt".into();
        let loopback: Result<Vec<Cidr>, String> = ["127.0.0.0/8", "::1"].into_iter().map(str::parse).collect();
        config.federation.allow_addresses = loopback.map_err(ConfigError::new)?;
        config.finish(dir)
    }

    /// The configuration as a complete file.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|error| ConfigError::new(error.to_string()))
    }

    /// Fills what follows from other keys, makes paths absolute (from `folder`) and checks everything.
    fn finish(mut self, folder: &Path) -> Result<Self, ConfigError> {
        check(&self)?;
        let here = std::path::absolute(folder)
            .map_err(|error| ConfigError::new(format!("cannot find {}: {error}", folder.display())))?;
        let urls = [&mut self.database.url, &mut self.media.url, &mut self.mail.url];
        for url in urls.into_iter().chain(self.database.read_url.as_mut()) {
            for scheme in ["sqlite:", "file:"] {
                if let Some(path) = url.after(scheme) {
                    *url = ServiceUrl::new(format!("{scheme}{}", plain(&here.join(path)).display()));
                }
            }
        }
        for path in [&mut self.secrets.key_file, &mut self.search.folder, &mut self.search.synonyms] {
            *path = plain(&here.join(&path));
        }
        self.federation.extra_ca = self.federation.extra_ca.map(|file| plain(&here.join(file)));
        if self.mail.from.is_empty() {
            let host = self.instance.domain.rsplit_once(':').map_or(&*self.instance.domain, |(host, _)| host);
            self.mail.from = format!("kring@{host}");
        }
        Ok(self)
    }
}

/// The path without `.` steps.
fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}
