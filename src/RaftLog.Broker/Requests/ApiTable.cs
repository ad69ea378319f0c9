using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol;

namespace RaftLog.Broker.Requests;

/// <summary>The APIs that one kind of listener serves: its whole protocol surface, and what ApiVersions tells clients.</summary>
public sealed class ApiTable
{
    private readonly Api?[] _byKey;

    /// <summary>Makes the table; a key may occur once.</summary>
    public ApiTable(IReadOnlyList<Api> apis)
    {
        Rows = [.. apis.OrderBy(api => api.Key)];
        _byKey = new Api?[(int)Rows[^1].Key + 1];
        foreach (Api api in Rows)
        {
            Invariant.Holds(_byKey[(int)api.Key] is null, "B-01", $"{api.Key} stands twice in an API table");
            _byKey[(int)api.Key] = api;
        }
    }

    /// <summary>All rows, by ascending key.</summary>
    public IReadOnlyList<Api> Rows { get; }

    /// <summary>The row of a key, if this listener serves it.</summary>
    public bool TryFind(ApiKey key, [NotNullWhen(true)] out Api? api)
    {
        int index = (int)key;
        api = index >= 0 && index < _byKey.Length ? _byKey[index] : null;
        return api is not null;
    }
}
