//! The extensions a server or client may name: who authenticates, what calls pass through.

use crate::config_section;
use crate::pipeline::BuildError;

config_section! {
    /// Which extension authenticates.
    pub struct AuthConfig {
        /// The extension's id.
        pub authenticator: String = String::new(),
    }
}

config_section! {
    /// An extension that calls pass through.
    pub struct MiddlewareConfig {
        /// The extension's id.
        pub id: String = String::new(),
    }
}

/// Refuses what needs an extension that does not exist: a server that was told to authenticate and does
/// not would be open to everybody.
///
/// # Errors
///
/// A sentence that names the extension and says what to do.
pub fn refuse_missing_extensions(
    auth: Option<&AuthConfig>,
    middlewares: &[MiddlewareConfig],
    what_to_do_about_auth: &str,
) -> Result<(), BuildError> {
    if let Some(auth) = auth {
        return Err(BuildError(format!(
            "failed to resolve authenticator {:?}: authenticator not found; Weir has no authenticator \
             extensions yet, {what_to_do_about_auth}",
            auth.authenticator
        )));
    }
    match middlewares.first() {
        None => Ok(()),
        Some(middleware) => Err(BuildError(format!(
            "failed to resolve middleware {:?}: middleware not found; Weir has no middleware extensions yet, \
             remove middlewares",
            middleware.id
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Optional;
    use crate::network::grpc::{GrpcClientConfig, GrpcServerConfig};

    #[test]
    fn grpc_neither_serves_nor_calls_without_the_extension_it_was_told_to_use() {
        let auth = Optional::on(AuthConfig { authenticator: "oidc".to_owned() });
        let server = GrpcServerConfig { auth: auth.clone(), ..GrpcServerConfig::default() };
        let client = GrpcClientConfig { auth, ..GrpcClientConfig::default() };
        for error in [server.check_extensions(), client.check_extensions()] {
            let message = error.unwrap_err().to_string();
            let expected = "failed to resolve authenticator \"oidc\": authenticator not found";
            assert!(message.starts_with(expected), "{message}");
        }
        let middlewares = vec![MiddlewareConfig { id: "limiter".to_owned() }];
        let server = GrpcServerConfig { middlewares, ..GrpcServerConfig::default() };
        let message = server.check_extensions().unwrap_err().to_string();
        assert!(message.starts_with("failed to resolve middleware \"limiter\""), "{message}");
    }
}
