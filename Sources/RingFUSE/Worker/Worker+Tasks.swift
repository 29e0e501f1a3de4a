extension Worker where Channel: ~Copyable {
    /// Wakes the task of an entry for the request that has arrived in it; makes the task where there is none.
    ///
    /// One long-lived task an entry costs a third of a task a request and allocates nothing.
    func resumeTask(of entry: Int) {
        if let parked = unsafe entries[entry].parked {
            unsafe entries[entry].parked = nil
            unsafe parked.resume()
            return
        }
        unsafe state.pointee.tasks += 1
        cells.add(.tasks)
        unsafe entries[entry].task = Task(executorPreference: executor) {
            // Once a task, not once a request.
            await RequestMark.$isServing.withValue(true) { await self.serve(entry) }
        }
    }

    /// The life of an entry's task.
    ///
    /// It ends after a request that was interrupted, since a cancelled task stays cancelled; the next request that
    /// is deferred gets a new one.
    private func serve(_ entry: Int) async {
        repeat {
            let frame = unsafe channel.pointee.frame(of: entry)
            let answer = await handler.serve(frame, io)
            finish(entry, answer)
            if Task.isCancelled { break }
            await park(entry)
        } while unsafe !state.pointee.isRetiring
        unsafe entries[entry].task = nil
        unsafe state.pointee.tasks -= 1
    }

    private func park(_ entry: Int) async {
        await unsafe withUnsafeContinuation { continuation in
            unsafe entries[entry].parked = continuation
        }
    }

    /// Ends all tasks; none of them serves a request.
    func retireTasks() {
        unsafe state.pointee.isRetiring = true
        for entry in unsafe entries.indices {
            if let parked = unsafe entries[entry].parked {
                unsafe entries[entry].parked = nil
                unsafe parked.resume()
            }
        }
        while unsafe state.pointee.tasks > 0 { executor.runJobs() }
        executor.detach()
    }

    /// Leaves tasks that wait for operations which never come back.
    ///
    /// The kernel may still use the memory that those operations name, so nothing of it is ever freed: neither what
    /// tasks have lent, for which they must not be resumed, nor the entries' payloads, which this worker owns.
    func abandonTasks() {
        executor.detach()
        handler.report(.tasksAbandoned(worker: index, count: unsafe state.pointee.serving))
        _ = unsafe Unmanaged.passRetained(self)
    }
}
