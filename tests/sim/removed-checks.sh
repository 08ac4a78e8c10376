#!/usr/bin/env bash
# Removes one check at a time from a copy of the tree and sees the simulator fail.
#
# usage: tests/sim/removed-checks.sh [NAME...]     (all, where none is named)
# Prints a row of docs/SIMULATION.md for each. SECONDS_EACH (60) bounds a run, SEED (1) fixes it.
set -euo pipefail
root=$(git rev-parse --show-toplevel)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
copy=$CARGO_TARGET_DIR/removed-checks
rm -rf "$copy"
mkdir -p "$copy"
(cd "$root" && git ls-files -z -- . ':!android' ':!docs' | xargs -0 cp --parents -t "$copy")
cd "$copy"

# What the check stops | its name | the file | a Perl substitution that takes it out.
checks() {
  cat <<'ROWS'
A changed run: signature|signature|clinic/api/src/crypto.rs|s/\.verify\(&to_sign\(label, parts\), signature\)\s*\.is_ok\(\)/.verify(&to_sign(label, parts), signature).map_or(true, |()| true)/
A changed body: the chain of headers|headers|clinic/api/src/log/run.rs|s/if head\.number != at \|\| head\.header != last/if false/
Runs of another space|space|clinic/api/src/log/run.rs|s/if head\.space != space \|\| /if /
Runs of a stranger's log|stranger|core/src/sync/pull.rs|s/"not-in-chains", bytes\)\?;\s*report\.alarm\(alarm\);/"not-in-chains", bytes)?; let _ = alarm;/
A run that does not verify is named|invalid|core/src/sync/pull.rs|s/self\.stop\(vault, space, &head, "run-invalid", bytes\)\?;\s*report\.alarm\(Alarm::RunInvalid\(space, log\)\);/self.stop(vault, space, &head, "run-invalid", bytes)?;/
Another statement than before|other-chain|core/src/sync/machine.rs|s/Some\(Ok\(_\)\) \| None => \{/Some(Ok(_)) => {}\n                None => {/
Fewer statements than before|older-chain|core/src/sync/machine.rs|s/Some\(Ok\(_\)\) \| None => \{/None => break,\n                Some(Ok(_)) => {/
A statement of another chain|foreign|core/src/sync/machine.rs|s/self\.report\.alarm\(Alarm::ChainInvalid\(id\)\);//
A withheld log: witnesses|withheld|core/src/sync/pull.rs|s/report\.alarm\(Alarm::Withheld\(space, log\)\);//
A stripped body is named|stripped|core/src/sync/pull.rs|s/for \(log, _\) in vault\.missing_bodies\(space\)\? \{\s*report/for (log, _) in vault.missing_bodies(space)?.into_iter().take(0) {\n            report/
A stripped body is asked for again|asked-again|core/src/sync/pull.rs|s/if self\.asked_again\.insert\(log\) \{/if self.asked_again.insert(log) && false {/
A vault that went back: its own log is longer|own-longer|core/src/sync/pull.rs|s/if own \{\s*report\.alarm\(Alarm::OwnLogLonger\(space\)\);\s*vault\.restart_log\(space\)\?;\s*\}//
The same, by a witness alone|own-witness|core/src/sync/pull.rs|s/\.is_some_and\(\|l\| l\.nonce\.is_some\(\) && l\.open\)\s*\{/.is_some_and(|_| false)\n            {/
The same, found at a push|own-conflict|core/src/sync/machine.rs|s/if matches!\(p\.code, Code::RunConflict \| Code::RunGap\)/if matches!(p.code, Code::NotFound)/
A lost reply: what is sent is kept until it is acknowledged|kept|core/src/sync/machine.rs|s/let push::NextPush \{ runs, frames, body \} = push;/let push::NextPush { runs, frames, body } = push;\n        vault.runs_accepted(&runs)?;/
A repeated frame is applied once|once|core/src/vault/taking.rs|s/if known\(tx, place, envelope\.id\)\? \{\s*continue;/if known(tx, place, envelope.id)? \&\& false {\n                continue;/
A clock that goes back|clock|core/src/event/clock.rs|s/if now_ms > self\.last\.ms/if now_ms != self.last.ms/
What is private stays in its space|private|core/src/journal/mod.rs|s/let space = space\(&vault, now\.shared\)\?;/let space = space(\&vault, true)?;/
What was taken back is not shown|unshared|core/src/journal/view/read.rs|s/e\.unshared = 0/e.unshared >= 0/g
What was erased stays away|erased|core/src/journal/view/apply.rs|s/EXISTS \(SELECT 1 FROM view_entry_erased WHERE space = \?1 AND entry = \?2\)/EXISTS (SELECT 1 FROM view_entry_erased WHERE space = ?1 AND entry = ?2 AND 0)/
A frame that an erasure did not know of is named|late|core/src/vault/erasure.rs|s/note_late\(tx, space, what\.entry, frame\)\?;//
A copy in the other space is erased, too|copy|core/src/journal/mod.rs|s/for other in both\(vault\)\? \{/for other in both(vault)?.into_iter().take(0) {/
Events and a log's end in one transaction|transaction|core/src/vault/taking.rs|s/logs::advance\(tx, place\.space, run\.device, &run\.tip, run\.heard_ms\)/Ok(())/; s/self\.clock = taking\.clock;/self.clock = taking.clock;\n        self.write(|tx| runs.iter().try_for_each(|r| logs::advance(tx, r.space.space, r.device, \&r.tip, r.heard_ms)))?;/
ROWS
}

failed=0
while IFS='|' read -r row; do
  what=${row%%|*}; rest=${row#*|}
  name=${rest%%|*}; rest=${rest#*|}
  file=${rest%%|*}; change=${rest#*|}
  if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
  cp "$root/$file" "$file"
  perl -0pi -e "$change" "$file"
  if cmp -s "$root/$file" "$file"; then
    echo "| $what | \`$file\` | **not found: mend the script** |"; failed=1; continue
  fi
  if ! cargo build --quiet --workspace --example sim --config profile.dev.opt-level=2 \
      >"$copy/build.log" 2>&1; then
    echo "| $what | \`$file\` | **does not build: mend the script** |"; failed=1
    cp "$root/$file" "$file"; continue
  fi
  out=$(env SEED="${SEED:-1}" SECONDS="${SECONDS_EACH:-60}" SHRINK=0 \
    "$CARGO_TARGET_DIR/debug/examples/sim" 2>&1 | grep -m1 '^after' || true)
  if [ -z "$out" ]; then
    echo "| $what | \`$file\` | **runs clean without it** |"; failed=1
  else
    steps=${out#after }; steps=${steps%% *}; said=${out#*: }
    echo "| $what | \`$file\` | $steps | $(sed -E 's/[A-Za-z]+\([0-9a-f]{16,}\)/…/g' <<<"$said" | cut -c1-90) |"
  fi
  cp "$root/$file" "$file"
done < <(checks)
exit $failed
