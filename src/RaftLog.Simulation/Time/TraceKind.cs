namespace RaftLog.Simulation;

/// <summary>The kinds of events in a <see cref="Trace"/>.</summary>
internal enum TraceKind
{
    /// <summary>A line of text.</summary>
    Said,

    /// <summary>A step of an incarnation.</summary>
    Step,

    /// <summary>A timer was set.</summary>
    TimerSet,

    /// <summary>A timer fired.</summary>
    TimerFired,

    /// <summary>Bytes were handed to the network.</summary>
    Sent,

    /// <summary>Bytes arrived.</summary>
    Delivered,

    /// <summary>A connect was begun.</summary>
    Connect,

    /// <summary>A file was written.</summary>
    Write,

    /// <summary>A file was cut or extended.</summary>
    SetLength,

    /// <summary>A name was created, renamed or removed.</summary>
    Name,

    /// <summary>A flush was begun.</summary>
    FlushBegun,

    /// <summary>A flush has ended.</summary>
    Flushed,
}
