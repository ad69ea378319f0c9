using System.Diagnostics.CodeAnalysis;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;

namespace RaftLog.Differential.Tests.Comparison;

/// <summary>
/// Fields whose values cannot be equal, because they name a place, a moment or an identity, are compared by kind instead.
/// </summary>
internal sealed class Normalisation
{
    /// <summary>What every response needs.</summary>
    public static readonly Normalisation Usual = new();

    private const long SomeYearsAfter1970 = 1_750_000_000_000;

    private readonly HashSet<string> _byPresence = [];

    private Normalisation(params string[] byPresence) => _byPresence = [.. byPresence];

    /// <summary>The same, and these fields are compared only as absent (null, -1, empty) or there.</summary>
    public Normalisation AndByPresence(params string[] fields) => new([.. _byPresence, .. fields]);

    /// <summary>What to compare instead of the value; false to compare the value.</summary>
    public bool TryReplace(string field, object? value, Peer peer, [NotNullWhen(true)] out string? replaced)
    {
        replaced = (field, value) switch
        {
            ("ThrottleTimeMs", _) => "<throttle>",
            ("Port", int port) => port > 0 ? "<port>" : $"{port}",
            ("Port", ushort port) => port > 0 ? "<port>" : $"{port}",
            ("ClusterId", string) => "<cluster id>",
            ("TopicId", Uuid id) => id == Uuid.Zero ? "none"
            : peer.TopicName(id) is { } name ? $"<id of {name}>"
            : "<id>",
            ("ErrorMessage" or "Documentation" or "BatchIndexErrorMessage", _) => value is null ? "null" : "<text>",
            ("ReplicaDirectoryId", Uuid id) => id == Uuid.Zero ? "none" : "<id>",
            (_, long time) when time > SomeYearsAfter1970 && time < long.MaxValue / 2 => "<now>",
            _ when _byPresence.Contains(field) => value is null or "" || (value.ToString() is "-1") ? "<absent>" : "<there>",
            _ => null,
        };
        return replaced is not null;
    }
}
