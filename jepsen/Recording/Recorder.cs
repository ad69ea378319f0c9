using System.Buffers;
using DotNext.Buffers;
using RaftLog.Checking;

namespace RaftLog.Jepsen.Recording;

/// <summary>
/// Keeps the events of a run, in memory for the checkers and in a file for people. Gives out the numbers of processes and operations, and
/// the time.
/// </summary>
internal sealed class Recorder : IDisposable
{
    private const int WriteAtBytes = 1 << 18;

    private readonly Lock _lock = new();
    private readonly List<HistoryEvent> _events = [];
    private readonly PoolingArrayBufferWriter<byte> _pending = new();
    private readonly FileStream _file;
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private long _operations;
    private int _processes;

    public Recorder(string path) => _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>Microseconds since the run began.</summary>
    public long NowUs => (long)TimeProvider.System.GetElapsedTime(_start).TotalMicroseconds;

    /// <summary>How many sends were acknowledged so far.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>A number for an operation.</summary>
    public long NewOperation() => Interlocked.Increment(ref _operations);

    /// <summary>A number for a client.</summary>
    public int NewProcess() => Interlocked.Increment(ref _processes);

    /// <summary>Adds an event that happens now.</summary>
    public void Add(int process, long operation, EventType type, HistoryFunction function, Func<HistoryEvent, HistoryEvent>? more = null)
    {
        lock (_lock)
        {
            HistoryEvent entry = new(NowUs, process, operation, type, function);
            Keep(more is null ? entry : more(entry));
        }
    }

    /// <summary>Adds a remark.</summary>
    public void Note(string text) => Add(0, NewOperation(), EventType.Info, HistoryFunction.Note, entry => entry with { Note = text });

    /// <summary>Adds an event with a time of its own.</summary>
    public void AddAt(HistoryEvent entry)
    {
        lock (_lock)
        {
            Keep(entry);
        }
    }

    /// <summary>The events so far.</summary>
    public IReadOnlyList<HistoryEvent> Events()
    {
        lock (_lock)
        {
            return [.. _events];
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Write();
            _file.Dispose();
        }
    }

    private void Keep(HistoryEvent entry)
    {
        _events.Add(entry);
        Acknowledged += entry is { Function: HistoryFunction.Send, Type: EventType.Ok } ? 1 : 0;
        HistoryLine.Write(entry, _pending);
        _pending.Write("\n"u8);
        if (_pending.WrittenCount >= WriteAtBytes)
        {
            Write();
        }
    }

    private void Write()
    {
        _file.Write(_pending.WrittenMemory.Span);
        _pending.Clear(reuseBuffer: true);
    }
}
