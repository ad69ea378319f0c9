namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>The topics that a regular expression matches.</summary>
/// <param name="Topics">Their names, in ordinal order.</param>
/// <param name="Version">The version of the cluster's metadata that it was matched against.</param>
/// <param name="TimestampMs">When that was, in milliseconds since 1970.</param>
internal sealed record ResolvedRegex(IReadOnlyList<string> Topics, long Version, long TimestampMs);
