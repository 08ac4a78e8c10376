use companion_core::crisis::{self, *};
#[test] fn show() {
  for (c,r,l) in [("us",None,None),("pr",None,None),("ke",None,None),("fr",None,None),("be",None,Some("nl")),("be",Some("bru"),None),("ke",None,None),("jp",None,None),("ar",None,None),("xx",None,None),("va",None,None),("lb",None,None),("gb",Some("US-CA"),None)] {
    let (h,e)=crisis::help_for_input(&Input{country:Some(c),region:r,language:l,audience:None});
    println!("================ {c} {r:?} {l:?} {e:?}\n{}", render_text(&h,72));
  }
  println!("{:#}", to_json(&help(&Query::new("cl".parse().unwrap()))));
}
