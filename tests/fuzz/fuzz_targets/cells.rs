//! Any chunk of a snapshot's evidence: taken in or refused, and what was taken in is given away again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sendwall::cells::{Cells, Kinds, Settings};
use sendwall::domain::{Span, Timestamp};
use sendwall::pack::Section;

fuzz_target!(|chunks: Vec<&[u8]>| {
    let now = Timestamp::from_unix_ms(1_795_197_600_000);
    let cells = Cells::new(&Settings { memory: 1 << 18, sends: 100, keep: Span::minutes(10) }, 1);
    for chunk in chunks {
        let _either = cells.restore(now, chunk);
    }
    cells.advance(&Kinds::default(), now + Span::minutes(11));
    let saved = cells.save(now, &mut |chunk| {
        let again = Cells::new(&Settings { memory: 1 << 18, sends: 100, keep: Span::minutes(10) }, 1);
        assert!(again.restore(now, chunk).is_ok());
        Ok(())
    });
    assert!(saved.is_ok());
});
