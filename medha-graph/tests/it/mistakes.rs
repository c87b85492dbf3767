//! What the compiler says about likely mistakes; the texts are part of what the crate promises.

#[test]
fn likely_mistakes_get_messages_in_the_words_of_the_crate() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
