//! What became of each mail, as SES tells by its events: a send whose answer was lost is settled, and
//! an address that bounced for good, or whose owner complained, gets nothing more.

mod event;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use masa_dispatch::{Inbox, InboxNames, Setback};
use masa_domain::{
    Channel, WhySuppressed,
    planted::{self, Bug},
};
use masa_runtime::{Clock, Config, Error, Missing};
use masa_store::{Mark, Store};

use crate::event::{Event, News, Said};

const NAMES: InboxNames = InboxNames {
    function: "feedback",
    queue: "MASA_FEEDBACK_QUEUE",
    dead_letters: "MASA_FEEDBACK_DEAD_LETTERS",
};

/// The function.
pub struct Function {
    store: Store,
    inbox: Inbox,
}

impl masa_runtime::Function for Function {
    type Event = SqsEvent;
    type Answer = SqsBatchResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, _: Clock) -> Result<Self, Missing> {
        Ok(Self { store: Store::new(sdk, config)?, inbox: Inbox::new(sdk, config, NAMES)? })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        Ok(self.inbox.work_off(event, |message| self.message(message)).await)
    }
}

impl Function {
    async fn message(&self, message: SqsMessage) -> Result<(), Setback> {
        if planted::on(Bug::DeafToEvents) {
            return Ok(());
        }
        let event = match event::read(message.body.as_deref().unwrap_or_default())? {
            Said::Of(event) => event,
            Said::OfAnother => {
                tracing::info!("an event of a mail that is not Masa's");
                return Ok(());
            }
            Said::Nothing => {
                tracing::debug!("an event from which nothing follows");
                return Ok(());
            }
        };
        self.record(&event).await.map_err(|error| Setback::of(&error, error.is_permanent()))
    }

    /// Each write may be made twice and in any order with those of the mail's other events. The
    /// suppression comes first: it is what protects the reader.
    async fn record(&self, event: &Event) -> Result<(), masa_store::Error> {
        let Event { contact, message, .. } = *event;
        let suppressed = match event.news {
            News::Bounced { at, for_good: true } => Some((WhySuppressed::Bounce, at)),
            News::Complained(at) => Some((WhySuppressed::Complaint, at)),
            _ => None,
        };
        // What the shop's own people do with their mail says nothing of the contact's address.
        if let (Some((why, at)), Some(addressee)) = (suppressed, event.addressee) {
            self.store.suppress(addressee, Channel::Email, why, at).await?;
        }
        let mark = match event.news {
            News::Accepted => None,
            News::Delivered(at) => Some((Mark::Delivered, at)),
            News::Bounced { at, .. } => Some((Mark::Bounced, at)),
            News::Complained(at) => Some((Mark::Complained, at)),
        };
        if let Some((mark, at)) = mark {
            let marked = self.store.mark(contact, message, mark, at).await?;
            // Gone, or known to be sent: there is nothing to settle.
            if marked.is_none_or(|message| message.was_sent()) {
                return Ok(());
            }
        }
        self.store.taken(contact, message, &event.provider_id, event.accepted_at).await?;
        Ok(())
    }
}
