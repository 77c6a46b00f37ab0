//! Containers as Lambda has them: each runs one invocation at a time, stays warm, and is lost with an
//! invocation that dies.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::hub::INVOCATION;
use masa_box::{AwsBox, Handler, handler};
use masa_runtime::{Config, Function, Missing};
use masa_stack::Containers;

tokio::task_local! {
    /// The container that this invocation runs in, among those of its function.
    pub(crate) static CONTAINER: u32;
}

/// Containers that are made when they are needed.
pub(crate) struct Slots;

type Warm<F> = Arc<Mutex<BTreeMap<u32, Arc<F>>>>;

impl Containers for Slots {
    fn handler<F: Function>(&self, aws: &AwsBox, config: &Config) -> Result<Handler, Missing> {
        let (sdk, clock) = (aws.sdk_config(), aws.clock());
        let config = config.clone();
        let warm: Warm<F> = Arc::default();
        let make = move || F::new(&sdk, &config, clock.clone().into()).map(Arc::new);
        // What is missing is missing at once.
        lock(&warm).insert(0, make()?);
        Ok(handler(move |event: F::Event| {
            let slot = CONTAINER.try_with(|slot| *slot).unwrap_or(0);
            let function = lock(&warm).get(&slot).map(Arc::clone);
            let function = match function {
                Some(function) => Ok(function),
                None => make().inspect(|made| {
                    lock(&warm).insert(slot, Arc::clone(made));
                }),
            };
            let invocation = INVOCATION.try_with(u32::to_string).unwrap_or_default();
            let life = Life { warm: Arc::clone(&warm), slot, ended: false };
            async move {
                let mut life = life;
                let function = function.map_err(|missing| missing.to_string())?;
                let answer =
                    function.handle(event, &invocation).await.map_err(|error| error.to_string());
                life.ended = true;
                answer
            }
        }))
    }
}

/// An invocation's hold on its container; dropped before the end it takes the container with it.
struct Life<F> {
    warm: Warm<F>,
    slot: u32,
    ended: bool,
}

impl<F> Drop for Life<F> {
    fn drop(&mut self) {
        if !self.ended {
            lock(&self.warm).remove(&self.slot);
        }
    }
}

fn lock<F>(warm: &Warm<F>) -> MutexGuard<'_, BTreeMap<u32, Arc<F>>> {
    warm.lock().unwrap_or_else(PoisonError::into_inner)
}
