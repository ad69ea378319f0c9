using RaftLog.Broker.Runtime;
using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Network;

/// <summary>
/// Warnings of what clients do wrong. Whoever can cause one can cause thousands, so of each cause a few are written in a span of time; the
/// first of the next span says how many were left out.
/// </summary>
internal sealed class ClientWarnings(Waiters waiters, NodeLog nodeLog)
{
    /// <summary>Lines of one cause in a span.</summary>
    public const int MaxLines = 5;

    /// <summary>The span, in milliseconds.</summary>
    public const long SpanMs = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<ClientFault, Tally> _tallies = [];

    /// <summary>Writes a warning, or leaves it out.</summary>
    /// <param name="fault">The cause, of which it is one.</param>
    /// <param name="text">Who did what, and what happens now.</param>
    public void Warn(ClientFault fault, string text)
    {
        int leftOut = 0;
        lock (_gate)
        {
            long nowMs = waiters.NowMs;
            Tally tally = _tallies.GetValueOrDefault(fault);
            if (tally.Lines == 0 || nowMs - tally.SinceMs >= SpanMs)
            {
                leftOut = tally.LeftOut;
                tally = new Tally(nowMs, 0, 0);
            }

            bool isWritten = tally.Lines < MaxLines;
            _tallies[fault] = isWritten ? tally with { Lines = tally.Lines + 1 } : tally with { LeftOut = tally.LeftOut + 1 };
            if (!isWritten)
            {
                return;
            }
        }

        nodeLog.Warn(leftOut == 0 ? text : $"{text} ({leftOut} warnings of this kind were left out before it)");
    }

    private readonly record struct Tally(long SinceMs, int Lines, int LeftOut);
}

/// <summary>What a client did wrong, or what befell its connection.</summary>
internal enum ClientFault
{
    /// <summary>A frame's length is impossible, or above <c>socket.request.max.bytes</c>.</summary>
    BadLength,

    /// <summary>No memory for its request.</summary>
    NoMemory,

    /// <summary>No memory to look into its compressed records.</summary>
    NoDecompression,

    /// <summary>A request that cannot be read.</summary>
    Unreadable,

    /// <summary>An API or a version that is not served.</summary>
    NotServed,

    /// <summary>It takes nothing of its response, or does not go on with its request.</summary>
    Stalled,

    /// <summary>A file no longer holds what was being sent to it.</summary>
    LostRecords,

    /// <summary>It asks for an offset that only a corrupt batch could tell.</summary>
    CorruptRecords,
}
