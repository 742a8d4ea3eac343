//! How an authorization response is sent to the client (OAuth 2.0 Multiple Response Type Encoding
//! Practices §2.1, OAuth 2.0 Form Post Response Mode §2).

use url::form_urlencoded::Serializer;

/// A response mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// `query`: in the query of the redirect URI; the default for `code`.
    #[default]
    Query,
    /// `fragment`: in the fragment, where only scripts of the client's page can read it.
    Fragment,
    /// `form_post`: in the body of a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    /// The value of the parameter `response_mode`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    /// Reads a `response_mode`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }

    /// The response that sends `params` to `uri`. `uri` is a redirect URI without a fragment; its
    /// own query is kept.
    #[must_use]
    pub(super) fn respond(
        self,
        uri: &str,
        params: Vec<(&'static str, String)>,
    ) -> AuthorizationResponse {
        let encoded = || {
            Serializer::new(String::new())
                .extend_pairs(&params)
                .finish()
        };
        match self {
            Self::Query => {
                let separator = match uri.split_once('?') {
                    None => "?",
                    Some((_, present)) if present.is_empty() || present.ends_with('&') => "",
                    Some(_) => "&",
                };
                AuthorizationResponse::Redirect(format!("{uri}{separator}{}", encoded()))
            }
            Self::Fragment => AuthorizationResponse::Redirect(format!("{uri}#{}", encoded())),
            Self::FormPost => AuthorizationResponse::FormPost {
                action: uri.to_owned(),
                fields: params,
            },
        }
    }
}

/// An authorization response, success or error, in the form in which the browser carries it.
#[derive(Clone, PartialEq, Eq)]
pub enum AuthorizationResponse {
    /// The URL to redirect to.
    Redirect(String),
    /// A form to post.
    FormPost {
        /// The URL to post to.
        action: String,
        /// Its fields.
        fields: Vec<(&'static str, String)>,
    },
}
