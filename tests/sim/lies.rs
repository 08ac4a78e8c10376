//! What a server can answer that is not so, one round long; and which alarms name it.

use clinic_api::http::problem::{Code, Problem};
use clinic_api::id::HeadHash;
use clinic_api::log::{Header, Item, Run};
use clinic_api::message::{ChainPage, Pulled, Pushed};
use clinic_api::wire;
use companion_core::sync::{Alarm, Reply, Request};

use crate::server::{Asks, Server, asks};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lie {
    /// No answer from the n-th request on.
    Silent,
    /// The n-th request is refused.
    Refuse,
    /// A bit of the n-th answer is another.
    Flip,
    /// The n-th answer ends early.
    Truncate,
    /// Every run comes twice.
    Repeat,
    /// Runs come last first.
    Reorder,
    /// A run is left out.
    Drop,
    /// An answer that was right once.
    Replay,
    /// Runs of another space of the same patient.
    OtherSpace,
    /// Runs of another patient.
    OtherPatient,
    /// Bodies are left out, as if erased.
    Strip,
    /// A chain as it was before its last statement.
    OlderChain,
    /// A chain whose last statement is another.
    OtherChain,
    /// A statement too many: one of another chain.
    ForeignStatement,
    /// "There is more", for ever.
    More,
    /// A run is acknowledged and not stored.
    FalseReceipt,
}

impl Lie {
    pub const ALL: [Self; 16] = [
        Self::Silent,
        Self::Refuse,
        Self::Flip,
        Self::Truncate,
        Self::Repeat,
        Self::Reorder,
        Self::Drop,
        Self::Replay,
        Self::OtherSpace,
        Self::OtherPatient,
        Self::Strip,
        Self::OlderChain,
        Self::OtherChain,
        Self::ForeignStatement,
        Self::More,
        Self::FalseReceipt,
    ];

    /// Whether an alarm names this lie.
    pub fn named_by(self, alarm: &Alarm) -> bool {
        use Alarm as A;
        match self {
            Self::Silent | Self::Refuse | Self::Truncate | Self::More | Self::FalseReceipt => false,
            Self::Repeat => false,
            Self::Flip => !matches!(alarm, A::OwnLogLonger(_)),
            Self::Reorder | Self::Drop | Self::Replay => {
                matches!(
                    alarm,
                    A::RunInvalid(..) | A::Withheld(..) | A::ChainForked(_)
                )
            }
            Self::OtherSpace | Self::OtherPatient => {
                matches!(alarm, A::RunInvalid(..) | A::UnknownDevice(..))
            }
            Self::Strip => matches!(alarm, A::BodyMissing(..)),
            Self::OlderChain | Self::OtherChain => matches!(alarm, A::ChainForked(_)),
            Self::ForeignStatement => matches!(alarm, A::ChainInvalid(_)),
        }
    }

    /// Whether it only shows less than there is: then others' heads alone can tell.
    pub fn shows_less(self) -> bool {
        matches!(self, Self::Drop | Self::Replay | Self::FalseReceipt)
    }

    /// Whether it must be named even where the reader lost nothing by it.
    pub fn always_named(self) -> bool {
        matches!(
            self,
            Self::OtherSpace
                | Self::OtherPatient
                | Self::Strip
                | Self::OlderChain
                | Self::OtherChain
                | Self::ForeignStatement
        )
    }
}

/// A lie that is being told.
pub struct Telling {
    pub lie: Lie,
    pub args: [u8; 2],
    /// How many requests came so far.
    pub count: usize,
    /// Whether an answer was bent.
    pub bent: bool,
    /// Whose bodies were left out.
    pub stripped: Vec<HeadHash>,
    /// About which chain.
    chain: Option<clinic_api::id::ChainId>,
}

impl Telling {
    pub fn new(lie: Lie, args: [u8; 2]) -> Self {
        Self {
            lie,
            args,
            count: 0,
            bent: false,
            stripped: Vec::new(),
            chain: None,
        }
    }

    /// Whether this request is the one that is meant by the arguments.
    fn meant(&self) -> bool {
        self.count == usize::from(self.args[0]) % 20 + 1
    }

    /// Says, before the server does anything, what it does instead.
    pub fn instead(&mut self, server: &mut Server, request: &Request) -> Option<Reply> {
        self.count += 1;
        match self.lie {
            Lie::Silent if self.bent || self.meant() => {
                self.bent = true;
                Some(Reply::Unreachable)
            }
            Lie::Refuse if self.meant() => {
                self.bent = true;
                let all = Code::ALL;
                let code = all[usize::from(self.args[1]) % all.len()];
                Some(Reply::Problem(Problem::new(code)))
            }
            Lie::FalseReceipt => {
                let Asks::Push(_) = asks(request) else {
                    return None;
                };
                self.bent = true;
                let push: clinic_api::message::Push = wire::decode(&request.body).unwrap();
                for bytes in &push.runs {
                    let (head, info) = server.read(bytes).unwrap();
                    server.keep(head, info);
                }
                let stored = push.runs.len() as u64;
                Some(Reply::Ok(wire::encode(&Pushed { stored })))
            }
            _ => None,
        }
    }

    /// Bends an answer; `old` is what this reader was answered to the same before.
    pub fn bend(
        &mut self,
        server: &Server,
        request: &Request,
        body: Vec<u8>,
        old: Option<&Vec<u8>>,
    ) -> Vec<u8> {
        let bent = match self.lie {
            Lie::Flip if self.meant() && !body.is_empty() => {
                let mut bent = body.clone();
                let bit = (usize::from(self.args[1]) * 7919 + usize::from(self.args[0]))
                    % (body.len() * 8);
                bent[bit / 8] ^= 1 << (bit % 8);
                bent
            }
            Lie::Truncate if self.meant() => {
                let keep = body.len() * usize::from(self.args[1]) / 256;
                body[..keep].to_vec()
            }
            Lie::Replay => match old {
                Some(old) => old.clone(),
                None => return body,
            },
            _ => match asks(request) {
                Asks::Pull(space) => {
                    let mut page: Pulled = wire::decode(&body).unwrap();
                    self.bend_page(server, space, &mut page);
                    wire::encode(&page)
                }
                Asks::Chain(id, _) => {
                    let mut page: ChainPage = wire::decode(&body).unwrap();
                    self.bend_chain(server, id, &mut page);
                    wire::encode(&page)
                }
                Asks::Statement(_)
                | Asks::Push(_)
                | Asks::Erase(_)
                | Asks::Bulletins
                | Asks::Departure => {
                    return body;
                }
            },
        };
        self.bent |= bent != body;
        bent
    }

    fn pick(&self, of: usize) -> usize {
        usize::from(self.args[1]) % of.max(1)
    }

    fn bend_page(&mut self, server: &Server, space: clinic_api::id::SpaceId, page: &mut Pulled) {
        match self.lie {
            Lie::Repeat => {
                page.runs = page
                    .runs
                    .iter()
                    .flat_map(|r| [r.clone(), r.clone()])
                    .collect();
            }
            Lie::Reorder => page.runs.reverse(),
            Lie::Drop if !page.runs.is_empty() => {
                page.runs.remove(self.pick(page.runs.len()));
            }
            Lie::More => page.more = true,
            Lie::OtherSpace | Lie::OtherPatient => {
                // Which spaces belong together is seen from who writes in them.
                let mine = &server.members[&space];
                let alike = |other: &clinic_api::id::SpaceId| {
                    let same = server.members[other]
                        .iter()
                        .filter(|d| mine.contains(d))
                        .count();
                    let kin = same == mine.len().min(server.members[other].len());
                    *other != space && (kin == (self.lie == Lie::OtherSpace))
                };
                let logs = &server.stores[0].logs;
                let others: Vec<_> = logs
                    .iter()
                    .filter(|(s, l)| alike(s) && !l.is_empty())
                    .collect();
                if others.is_empty() {
                    return;
                }
                let (_, logs) = others[self.pick(others.len())];
                let heads = logs.values().flatten();
                page.runs
                    .extend(heads.map(|h| server.archive[h].bytes.to_vec().into()));
            }
            Lie::Strip => {
                for bytes in &mut page.runs {
                    let mut run = Run::from_bytes(bytes).unwrap();
                    let mut any = false;
                    for item in &mut run.items {
                        if let Item::Body(body) = item {
                            *item = Item::Erased(Header::content_of(body));
                            any = true;
                        }
                    }
                    if any {
                        self.stripped.push(run.head_hash());
                        *bytes = run.to_bytes().into();
                    }
                }
            }
            _ => {}
        }
    }

    fn bend_chain(&mut self, server: &Server, id: clinic_api::id::ChainId, page: &mut ChainPage) {
        if self.meant() {
            self.chain = Some(id);
        }
        // Whoever lies about a chain does so again when asked again.
        if self.chain != Some(id) {
            return;
        }
        match self.lie {
            Lie::OlderChain => {
                page.statements.pop();
            }
            Lie::OtherChain => {
                if let Some(last) = page.statements.last_mut() {
                    let mut bytes = last.to_vec();
                    // Before the signature: with another one it is the same statement.
                    let at = bytes.len() - 80 - self.pick(64);
                    bytes[at] ^= 1;
                    *last = bytes.into();
                }
            }
            Lie::ForeignStatement => {
                let others: Vec<_> = server.chains.iter().filter(|(c, _)| **c != id).collect();
                let (_, other) = others[self.pick(others.len())];
                page.statements.push(other.last().unwrap().to_vec().into());
            }
            _ => {}
        }
    }
}
