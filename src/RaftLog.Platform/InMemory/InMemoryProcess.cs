namespace RaftLog.Platform;

/// <summary>A process for tests: a halt is noted and returns. What runs on after it must not be believed.</summary>
public sealed class InMemoryProcess : IProcess
{
    private string? _reason;

    /// <summary>The reason of the first halt; null while the process runs.</summary>
    public string? HaltReason => Volatile.Read(ref _reason);

    /// <inheritdoc/>
    public void Halt(string reason) => Interlocked.CompareExchange(ref _reason, reason, null);
}
