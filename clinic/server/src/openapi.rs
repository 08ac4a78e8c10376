//! stub
/// stub
pub async fn serve() -> String {
    "x".repeat(30000)
}
