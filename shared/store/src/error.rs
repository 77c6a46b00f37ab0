//! What can go wrong at the table.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use masa_runtime::call_error;

/// A failed call. Its text names operation and cause, and never an item's content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The call did not succeed, or its answer was lost; it may be made again.
    #[error("{operation} did not succeed: {cause}")]
    Unavailable {
        /// The DynamoDB operation.
        operation: &'static str,
        /// The service's code and message.
        cause: String,
        /// The request itself is refused, and would be again.
        permanent: bool,
    },
    /// An item can't be read as what its key says it is.
    #[error("the item under {key} can't be read: {cause}")]
    Corrupt {
        /// The key: derived ids, no address.
        key: String,
        /// What did not fit.
        cause: String,
    },
    /// An item is over DynamoDB's 400 KB.
    #[error("{what} is larger than the 400 KB that a DynamoDB item may have")]
    TooLarge {
        /// What was to be stored.
        what: String,
    },
    /// Somebody else changed the same thing in the meantime, several times over.
    #[error("{what} was changed by someone else at the same time; try again")]
    Contended {
        /// What.
        what: String,
    },
}

pub(crate) fn unavailable<E, R>(operation: &'static str, error: SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata,
{
    let refused = error.as_service_error().and_then(ProvideErrorMetadata::code);
    let permanent = refused.is_some_and(|code| PERMANENT.contains(&code));
    Error::Unavailable { operation, cause: call_error(&error), permanent }
}

/// Codes of refusals that the same request meets again. Missing permissions and tables are not among
/// them: an operator mends those, and nothing may be given up meanwhile.
const PERMANENT: [&str; 2] = ["ValidationException", "ItemCollectionSizeLimitExceededException"];

impl Error {
    /// Whether trying again is in vain: the item or the request is at fault.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Unavailable { permanent, .. } => *permanent,
            Self::Corrupt { .. } | Self::TooLarge { .. } => true,
            Self::Contended { .. } => false,
        }
    }
}
