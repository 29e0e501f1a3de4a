@main struct RingfuseTool { static func main() {} }
