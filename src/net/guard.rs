use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::failure::Failure;
use crate::base::{Error, Result};

/// A range of addresses: `10.0.0.0/8`, `::1/128`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether the address lies in this range. An IPv4-mapped IPv6 address lies in no IPv4 range.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.prefix);
                net.to_bits().checked_shr(shift) == ip.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.prefix);
                net.to_bits().checked_shr(shift) == ip.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("'{text}' is not an address range like 10.0.0.0/8");
        let (address, prefix) = text.trim().split_once('/').map_or((text.trim(), None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(most), |p| p.parse::<u8>().map_err(|_| bad()))?;
        if prefix > most {
            return Err(bad());
        }
        Ok(Self { address, prefix })
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Raised inside the resolver: there are addresses, but none that we connect to.
#[derive(Debug, thiserror::Error)]
#[error("address refused: {0}")]
pub(super) struct Refused(String);

/// Which addresses we connect to: public ones, and those the administrator listed.
#[derive(Debug)]
pub(super) struct Guard {
    allow: Vec<Cidr>,
    /// Names (or `*.name`) with a fixed address inside the allow list.
    fixed: Vec<(String, SocketAddr)>,
    allow_http: bool,
}

/// How a URL may be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A usual port: public and listed addresses.
    Usual,
    /// An unusual port: only addresses the administrator listed.
    ListedOnly,
}

impl Guard {
    pub fn new(allow: Vec<Cidr>, resolve: &[(String, SocketAddr)], allow_http: bool) -> Result<Self> {
        let mut fixed = Vec::with_capacity(resolve.len());
        for (name, address) in resolve {
            if !allow.iter().any(|range| range.contains(address.ip())) {
                return Err(Error::internal(format!("'{name}' resolves to {address}, outside the allowed addresses")));
            }
            fixed.push((name.trim_end_matches('.').to_ascii_lowercase(), *address));
        }
        // An exact name goes before a wildcard, a longer wildcard before a shorter one.
        fixed.sort_by_key(|(name, _)| (name.starts_with("*."), std::cmp::Reverse(name.len())));
        Ok(Self { allow, fixed, allow_http })
    }

    fn listed(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|range| range.contains(ip))
    }

    fn accepts(&self, ip: IpAddr, route: Route) -> bool {
        self.listed(ip) || (route == Route::Usual && is_public(ip))
    }

    /// The fixed address of a name, if it has one.
    fn fixed_address(&self, name: &str) -> Option<SocketAddr> {
        let is = |pattern: &str| match pattern.strip_prefix("*.") {
            Some(suffix) => name.strip_suffix(suffix).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => name == pattern,
        };
        let fixed = self.fixed.iter().find(|(pattern, _)| is(pattern)).map(|(_, address)| *address);
        // RFC 6761: names under localhost never leave this machine.
        fixed.or_else(|| {
            (name == "localhost" || name.ends_with(".localhost")).then_some(SocketAddr::from(([127, 0, 0, 1], 0)))
        })
    }

    /// Checks what can be seen without resolving: scheme, userinfo, port, IP literals. The name itself is vetted on
    /// every new connection, by the resolver that the route selects.
    pub fn check(&self, url: &Url) -> Result<Route, Failure> {
        let host = url.host_str().unwrap_or_default();
        let refuse = |why: &str| Err(Failure::lasting(host, format!("address refused: {why}")));
        let usual_port = match url.scheme() {
            "https" => 443,
            "http" if self.allow_http => 80,
            other => return refuse(&format!("scheme {other}")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("user name in URL");
        }
        let usual = url.port_or_known_default() == Some(usual_port);
        let route = if usual { Route::Usual } else { Route::ListedOnly };
        // The HTTP library does not ask the resolver about literals.
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(_)) => None,
            None => return refuse("no host"),
        };
        match literal {
            Some(ip) if !self.accepts(ip, route) => refuse(&ip.to_string()),
            _ => Ok(route),
        }
    }

    async fn resolve(
        &self,
        name: &str,
        route: Route,
    ) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let found: Vec<SocketAddr> = match self.fixed_address(&name) {
            Some(address) => vec![address],
            None => tokio::net::lookup_host((name.as_str(), 0)).await?.collect(),
        };
        let vetted: Vec<SocketAddr> = found.into_iter().filter(|a| self.accepts(a.ip(), route)).collect();
        if vetted.is_empty() { Err(Box::new(Refused(name))) } else { Ok(vetted) }
    }
}

/// Resolves names for one route and hands out vetted addresses only; the connection goes to these and no others.
pub(super) struct GuardedResolver {
    pub guard: Arc<Guard>,
    pub route: Route,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, route) = (self.guard.clone(), self.route);
        Box::pin(async move {
            let vetted = guard.resolve(name.as_str(), route).await?;
            Ok(Box::new(vetted.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is on the public internet (IANA special-purpose registries, RFC 6890 and later).
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, ..)           // this network, private, loopback
            | (100, 64..=127, _)     // carrier-grade NAT
            | (169, 254, _)          // link-local, cloud metadata
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)        // protocol assignments, documentation
            | (192, 88, 99)          // 6to4 relays
            | (192, 168, _)
            | (198, 18 | 19, _)      // benchmarking
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, ..) // multicast, reserved, broadcast
    )
}

/// Only global unicast (2000::/3) is public, so loopback, mapped, compatible, NAT64, unique-local, link-local and
/// multicast addresses fall out by themselves; what is special inside it is named here.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let global = s[0] & 0xe000 == 0x2000;
    let protocol_assignments = s[0] == 0x2001 && s[1] < 0x0200; // Teredo, ORCHID, benchmarking
    let documentation = (s[0] == 0x2001 && s[1] == 0x0db8) || (s[0] == 0x3fff && s[1] < 0x1000);
    let six_to_four = s[0] == 0x2002;
    global && !protocol_assignments && !documentation && !six_to_four
}
