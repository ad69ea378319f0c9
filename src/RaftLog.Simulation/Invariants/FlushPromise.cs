namespace RaftLog.Simulation;

/// <summary>What an acknowledged record rests on.</summary>
public enum FlushPromise
{
    /// <summary>Every replica flushes before it counts: any machines may lose their power, all at once too.</summary>
    Flushed,

    /// <summary>The system flushes when it likes: any processes may be killed.</summary>
    PageCache,
}
