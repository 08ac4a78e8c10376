//! Ctrl-C during long work: what is being done is brought to an end that loses nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use companion_core::problem::{Kind, Problem};
use tokio::signal::unix::{SignalKind, signal};

/// Whether this program was told to stop.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. The second time, the program ends at once.
    pub fn listen() -> Result<Self, Problem> {
        let fault = |_| {
            let advice = "Waiting for Ctrl-C failed.";
            Problem::new(Kind::Internal, "signals", advice)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(fault)?;
        let (mut interrupt, mut terminate) = {
            let _inside = runtime.enter();
            let of = |kind| signal(kind).map_err(fault);
            (of(SignalKind::interrupt())?, of(SignalKind::terminate())?)
        };
        let told = Arc::new(AtomicBool::new(false));
        let of_thread = told.clone();
        std::thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    let by = tokio::select! {
                        _ = interrupt.recv() => SignalKind::interrupt(),
                        _ = terminate.recv() => SignalKind::terminate(),
                    };
                    if of_thread.swap(true, Ordering::SeqCst) {
                        std::process::exit(128 + by.as_raw_value());
                    }
                }
            });
        });
        Ok(Self(told))
    }

    /// Whether it was told.
    pub fn told(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
