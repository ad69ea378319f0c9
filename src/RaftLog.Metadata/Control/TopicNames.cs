using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>Which names topics may have.</summary>
public static class TopicNames
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 249;

    /// <summary>The topic of the metadata log, which nobody creates.</summary>
    public const string ClusterMetadata = "__cluster_metadata";

    /// <summary>What is wrong with a name, for people; null when nothing is.</summary>
    public static string? Rejection(string name)
    {
        if (name.Length == 0)
        {
            return "A topic name must not be empty.";
        }

        if (name is "." or "..")
        {
            return $"'{name}' cannot be a topic name.";
        }

        if (name.Length > MaxLength)
        {
            return $"A topic name has at most {MaxLength} characters, and '{name[..MaxLength]}...' has {name.Length}.";
        }

        return name.All(IsAllowed) ? null : $"Topic name '{name}' is not allowed: only ASCII letters and digits, '.', '_' and '-' are.";
    }

    /// <summary>Two names with the same key would share their metrics, where '.' and '_' are one.</summary>
    internal static string CollisionKey(string name) => name.Replace('.', '_');

    private static bool IsAllowed(char each) => char.IsAsciiLetterOrDigit(each) || each is '.' or '_' or '-';
}
