namespace RaftLog.Protocol.Generator;

/// <summary>C# conditions over the variable <c>version</c>, as short as the message's own versions allow.</summary>
internal sealed class VersionConditions
{
    private readonly MessageHead _head;

    public VersionConditions(MessageHead head) => _head = head;

    /// <summary>True exactly in flexible versions: a variable's name where it depends, else <c>true</c> or <c>false</c>.</summary>
    public string Flexible =>
        IsNeverFlexible ? "false"
        : IsAlwaysFlexible ? "true"
        : "flexible";

    public bool IsNeverFlexible => _head.FlexibleVersions.IsEmpty;

    public bool IsAlwaysFlexible => _head.FlexibleVersions.Covers(_head.Versions);

    /// <summary>The same among flexible versions, which the code around has already checked.</summary>
    public string InFlexible(VersionRange range) => range.Covers(_head.FlexibleVersions) ? "" : In(range) ?? "false";

    /// <summary>The condition that the version is in a range; empty when it always is, null when it never is.</summary>
    public string? In(VersionRange range)
    {
        VersionRange within = range.Intersect(_head.Versions);
        if (within.IsEmpty)
        {
            return null;
        }

        if (within.Covers(_head.Versions))
        {
            return "";
        }

        if (within.Lowest == within.Highest)
        {
            return $"version == {within.Lowest}";
        }

        if (within.Lowest == _head.Lowest)
        {
            return $"version <= {within.Highest}";
        }

        return within.Highest == _head.Highest ? $"version >= {within.Lowest}" : $"version is >= {within.Lowest} and <= {within.Highest}";
    }
}
