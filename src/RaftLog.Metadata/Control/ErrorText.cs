namespace RaftLog.Metadata;

/// <summary>What is said to people of an error.</summary>
public static class ErrorText
{
    private const int MostCharacters = 1000;

    /// <summary>
    /// The text, or as much of it as people read. It may quote what a client has sent, up to the longest text that the protocol has, and
    /// a longer one cannot be sent.
    /// </summary>
    public static string InShort(string text) => text.Length <= MostCharacters ? text : $"{text[..MostCharacters]}...";
}
