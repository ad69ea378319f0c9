using System.Text;
using RaftLog.Coordination;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Tests.Coordination;

/// <summary>
/// A small coordinator state for tests of the runtime: named registers whose values are kept as records. What a transaction writes takes
/// effect with its marker.
/// </summary>
internal sealed class RegisterState : ICoordinatorState
{
    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<(ProducerId Producer, string Key, string? Value)> _staged = [];
    private readonly List<RequestToken> _parked = [];

    /// <summary>All values, as text.</summary>
    public string Text => string.Join(' ', _values.Select(each => $"{each.Key}={each.Value}"));

    public long NextDeadlineMs { get; private set; } = long.MaxValue;

    public int Activations { get; private set; }

    public void Replay(in CoordinatorRecord record, in RecordOrigin origin)
    {
        string key = Encoding.UTF8.GetString(record.Key.Span);
        string? value = record.Value is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;
        if (origin.IsTransactional)
        {
            _staged.Add((origin.Producer.Id, key, value));
        }
        else
        {
            Apply(key, value);
        }
    }

    public void ReplayMarker(ProducerId producer, ProducerEpoch epoch, bool isCommit, Offset offset)
    {
        foreach ((_, string key, string? value) in _staged.Where(each => isCommit && each.Producer == producer))
        {
            Apply(key, value);
        }

        _staged.RemoveAll(each => each.Producer == producer);
    }

    public void Activate(CoordinatorTime now, Outbox outbox) => Activations++;

    public void Tick(CoordinatorTime now, Outbox outbox)
    {
        NextDeadlineMs = long.MaxValue;
        Append(outbox, "ticked", $"{now.MonotonicMs}");
    }

    /// <summary>Sets registers, all or none, and responds.</summary>
    public void Set(RequestToken request, Outbox outbox, params string[] assignments)
    {
        foreach (string assignment in assignments)
        {
            string[] parts = assignment.Split('=');
            Append(outbox, parts[0], parts.Length == 1 ? null : parts[1]);
        }

        outbox.Respond(request, Response(string.Join(' ', assignments)));
    }

    /// <summary>Responds with all values.</summary>
    public void Get(RequestToken request, Outbox outbox) => outbox.Respond(request, Response(Text));

    /// <summary>Waits for <see cref="Unpark"/>.</summary>
    public void Park(RequestToken request) => _parked.Add(request);

    public void Unpark(Outbox outbox)
    {
        _parked.ForEach(each => outbox.Respond(each, Response(Text)));
        _parked.Clear();
    }

    public void TickAt(long monotonicMs) => NextDeadlineMs = monotonicMs;

    public static FindCoordinatorResponse Response(string text, ErrorCode error = ErrorCode.None) =>
        new() { ErrorMessage = text, ErrorCode = error };

    private static void Append(Outbox outbox, string key, string? value)
    {
        ReadOnlyMemory<byte>? bytes = value is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(value);
        outbox.Append(new CoordinatorRecord(Encoding.UTF8.GetBytes(key), bytes));
    }

    private void Apply(string key, string? value)
    {
        if (value is null)
        {
            _values.Remove(key);
        }
        else
        {
            _values[key] = value;
        }
    }
}
