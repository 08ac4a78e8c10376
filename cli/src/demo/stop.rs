//! Ending at any moment: a signal ends what was started, and the demo cleans up after itself.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use companion_core::problem::Problem;
use tokio::signal::unix::{SignalKind, signal};

use super::failed;
use super::process::Children;

/// How long the children's own shutdown may take before they are ended.
const GRACE: Duration = Duration::from_millis(50);

/// Whether the demo was told to end.
pub struct Stop(Arc<Told>);

#[derive(Default)]
struct Told {
    signal: Mutex<Option<i32>>,
    now: Condvar,
}

impl Stop {
    /// Listens from now on; a signal ends the children at once.
    pub fn listen(children: Children) -> Result<Self, Problem> {
        let fault = |_| failed("Waiting for Ctrl-C failed.");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(fault)?;
        let (mut interrupt, mut terminate) = {
            let _inside = runtime.enter();
            let of = |kind| signal(kind).map_err(fault);
            (of(SignalKind::interrupt())?, of(SignalKind::terminate())?)
        };
        let told = Arc::<Told>::default();
        let of_thread = told.clone();
        std::thread::spawn(move || {
            let signal = runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => SignalKind::interrupt(),
                    _ = terminate.recv() => SignalKind::terminate(),
                }
            });
            of_thread.tell(signal.as_raw_value());
            std::thread::sleep(GRACE);
            children.end();
        });
        Ok(Self(told))
    }

    /// The signal that told it.
    pub fn signal(&self) -> Option<i32> {
        *self.0.signal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is told.
    pub fn wait(&self) {
        let signal = self.0.signal.lock();
        let signal = signal.unwrap_or_else(PoisonError::into_inner);
        let _told = self.0.now.wait_while(signal, |s| s.is_none());
    }
}

impl Told {
    fn tell(&self, signal: i32) {
        *self.signal.lock().unwrap_or_else(PoisonError::into_inner) = Some(signal);
        self.now.notify_all();
    }
}
