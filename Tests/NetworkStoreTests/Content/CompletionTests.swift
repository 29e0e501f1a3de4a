import Testing

@testable import NetworkStore

/// Waiting for what happens once.
@Suite struct CompletionTests {
    /// Tasks that are cancelled leave, before it has happened and before they wait; the others get it, and so does who comes later.
    @Test func cancelledTasksLeave() async {
        for _ in 0..<200 {
            let completion = Completion<Int>()
            let (first, second) = (
                Task { await completion.waitUnlessCancelled() }, Task { await completion.waitUnlessCancelled() }
            )
            let patient = Task { await completion.wait() }
            first.cancel()
            patient.cancel()
            #expect(await first.value == nil)
            let late = Task {
                unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                return await completion.waitUnlessCancelled()
            }
            #expect(await late.value == nil)
            completion.finish(7)
            #expect(await second.value == 7)
            #expect(await patient.value == 7)
            #expect(await completion.waitUnlessCancelled() == 7)
        }
    }
}
