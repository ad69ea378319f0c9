namespace RaftLog.Protocol;

/// <summary>What is said to people of an error.</summary>
public static class ErrorText
{
    private const int MostCharacters = 1000;
    private const int MostQuoted = 200;

    /// <summary>
    /// The text, or as much of it as people read. It may quote what a client has sent, up to the longest text that the protocol has, and
    /// a longer one cannot be sent.
    /// </summary>
    public static string InShort(string text) => InShort(text, MostCharacters);

    /// <summary>A name that a client has chosen, for the node log: in short, and in one line.</summary>
    public static string Quote(string name) =>
        string.Concat(InShort(name, MostQuoted).Select(static each => char.IsControl(each) ? '?' : each));

    private static string InShort(string text, int most) => text.Length <= most ? text : $"{text[..most]}...";
}
