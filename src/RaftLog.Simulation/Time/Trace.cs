using System.Buffers.Binary;

namespace RaftLog.Simulation;

/// <summary>
/// Everything that the world did, as one hash, with the last lines kept for people. Two runs of one seed are the same run exactly when
/// their hashes are equal.
/// </summary>
public sealed class Trace
{
    private const int KeptLines = 400;
    private const ulong Prime = 0x100000001B3;
    private const ulong Basis = 0xCBF29CE484222325;

    private readonly Queue<string> _lines = new();

    /// <summary>The hash of all events so far.</summary>
    public ulong Hash { get; private set; } = Basis;

    /// <summary>The number of events so far.</summary>
    public long Events { get; private set; }

    /// <summary>The last events that were noted as text, oldest first.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>Where each line is shown besides, if anywhere.</summary>
    public Action<string>? AlsoTo { get; set; }

    /// <summary>Takes an event into the hash.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="at">When, in ticks.</param>
    /// <param name="actor">To whom.</param>
    /// <param name="detail">A number that tells it from others of its kind: a length, a position, a count.</param>
    internal void Note(TraceKind kind, long at, int actor, long detail)
    {
        Events++;
        Mix((ulong)kind);
        Mix((ulong)at);
        Mix((ulong)actor);
        Mix((ulong)detail);
    }

    /// <summary>Takes bytes into the hash.</summary>
    internal void Note(ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            Mix(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte each in bytes)
        {
            Mix(each);
        }
    }

    /// <summary>
    /// Takes a text into the hash and keeps it for people. Only its first line counts: stack traces below it tell what the compiler has
    /// inlined by now, which is not the world's doing.
    /// </summary>
    internal void Say(long at, string text)
    {
        int end = text.IndexOf('\n');
        ReadOnlySpan<char> counted = end < 0 ? text : text.AsSpan(0, end);
        Note(TraceKind.Said, at, 0, counted.Length);
        foreach (char each in counted)
        {
            Mix(each);
        }

        string line = $"{TimeSpan.FromTicks(at).TotalSeconds, 10:F4} {text}";
        AlsoTo?.Invoke(line);
        _lines.Enqueue(line);
        if (_lines.Count > KeptLines)
        {
            _lines.Dequeue();
        }
    }

    private void Mix(ulong value)
    {
        ulong mixed = (Hash ^ value) * Prime;
        Hash = mixed ^ (mixed >> 29);
    }
}
