using System.Text;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups;

/// <summary>Makes the ids of members.</summary>
internal static class MemberIds
{
    /// <summary>
    /// The most characters of a client id or static name that a member id begins with: what a client calls itself is part of every record
    /// and response.
    /// </summary>
    private const int MaxPrefix = 1_024;

    /// <summary>A member id of a classic group: the static name or the client id, a hyphen, and a UUID in its usual form.</summary>
    public static string Classic(string prefix, Uuid fresh)
    {
        StringBuilder id = new(prefix, 0, Math.Min(prefix.Length, MaxPrefix), 0);
        string hex = $"{fresh.High:x16}{fresh.Low:x16}";
        return id.Append('-')
            .Append(hex, 0, 8)
            .Append('-')
            .Append(hex, 8, 4)
            .Append('-')
            .Append(hex, 12, 4)
            .Append('-')
            .Append(hex, 16, 4)
            .Append('-')
            .Append(hex, 20, 12)
            .ToString();
    }
}
