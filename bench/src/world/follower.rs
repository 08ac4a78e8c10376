//! A device that follows the clinic API on a thread of its own, as an open app does.

use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use companion_core::companion::Companion;
use companion_core::sync::{Cancel, Followed, SyncError};

use crate::Result;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// It stops following when it is dropped.
#[derive(Debug)]
pub struct Follower {
    cancel: Cancel,
    thread: Option<JoinHandle<std::result::Result<(), SyncError>>>,
    rounds: Receiver<bool>,
}

impl Follower {
    /// Follows; returns when the event stream is open and the first round is done.
    ///
    /// # Errors
    /// It does not come to that in time.
    pub fn start(companion: &Companion) -> Result<Self> {
        let (cancel, sync) = (Cancel::new(), companion.sync());
        let (tell, rounds) = channel();
        let of_thread = cancel.clone();
        let thread = std::thread::spawn(move || {
            let (mut live, mut round) = (false, false);
            sync.follow_blocking(&of_thread, |followed| {
                match followed {
                    Followed::Live => live = true,
                    Followed::Round(_) => round = true,
                    Followed::Polling | Followed::Failed(_) | _ => {}
                }
                // Nobody may be waiting.
                let _ = tell.send(live && round);
            })
        });
        let follower = Self {
            cancel,
            thread: Some(thread),
            rounds,
        };
        while !follower.rounds.recv_timeout(PATIENCE)? {}
        Ok(follower)
    }

    /// Waits for whatever it does next.
    ///
    /// # Errors
    /// Nothing for long.
    pub fn wait(&self) -> Result<()> {
        self.rounds.recv_timeout(PATIENCE)?;
        Ok(())
    }

    /// Forgets what it did until now.
    pub fn forget(&self) {
        while self.rounds.try_recv().is_ok() {}
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
