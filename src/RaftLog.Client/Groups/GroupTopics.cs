namespace RaftLog.Client.Groups;

/// <summary>What a member subscribes to.</summary>
/// <param name="Names">The topics, in order and each once.</param>
/// <param name="Pattern">An RE2 expression that the coordinator matches topics with (KIP-848), or null.</param>
internal sealed record GroupTopics(IReadOnlyList<string> Names, string? Pattern = null)
{
    public static GroupTopics None { get; } = new([]);

    public static GroupTopics Of(IEnumerable<string> names) =>
        new([.. names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
}
