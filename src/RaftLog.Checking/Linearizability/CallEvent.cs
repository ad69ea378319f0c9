namespace RaftLog.Checking;

/// <summary>The begin or the end of a call in a <see cref="CallList"/>.</summary>
internal sealed class CallEvent(int call, bool isReturn)
{
    /// <summary>The index of the call.</summary>
    internal int Call { get; } = call;

    /// <summary>True for its end.</summary>
    internal bool IsReturn { get; } = isReturn;

    /// <summary>The end that belongs to this begin; null when the call has none.</summary>
    internal CallEvent? Return { get; set; }

    /// <summary>The begin that belongs to this end; null for a begin.</summary>
    internal CallEvent? Begin { get; set; }

    internal CallEvent? Previous { get; set; }

    internal CallEvent? Next { get; set; }
}
