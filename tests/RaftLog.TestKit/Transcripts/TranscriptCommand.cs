using System.Globalization;

namespace RaftLog.TestKit;

/// <summary>One command of a transcript: a name, then words and options in any order, as in <c>append 1 a b flush=no</c>.</summary>
public sealed class TranscriptCommand
{
    private readonly Dictionary<string, string> _options = [];
    private readonly HashSet<string> _unread = [];

    /// <summary>Takes a command apart.</summary>
    /// <exception cref="FormatException">It is empty, or names an option twice.</exception>
    public TranscriptCommand(string text)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Name = parts.Length > 0 ? parts[0] : throw new FormatException("a command is empty");
        List<string> words = [];
        foreach (string part in parts.Skip(1))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                words.Add(part);
            }
            else if (!_options.TryAdd(part[..equals], part[(equals + 1)..]))
            {
                throw new FormatException($"the option '{part[..equals]}' is given twice");
            }
        }

        Words = words;
        _unread.UnionWith(_options.Keys);
    }

    /// <summary>What to do.</summary>
    public string Name { get; }

    /// <summary>The arguments that are no options.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>The options that nobody has asked for: mistakes of whoever wrote the transcript.</summary>
    public IReadOnlyCollection<string> Unread => _unread;

    /// <summary>A word.</summary>
    /// <exception cref="FormatException">There are fewer words.</exception>
    public string Word(int place) =>
        place < Words.Count ? Words[place] : throw new FormatException($"'{Name}' needs {place + 1} argument(s) at least");

    /// <summary>A word that is a number.</summary>
    public int Number(int place) => NumberOf(Word(place));

    /// <summary>The words that are numbers, from a place on.</summary>
    public IReadOnlyList<int> Numbers(int from = 0) => [.. Words.Skip(from).Select(NumberOf)];

    /// <summary>An option's value, or null where it is not given.</summary>
    public string? Option(string name)
    {
        _unread.Remove(name);
        return _options.GetValueOrDefault(name);
    }

    /// <summary>An option that is a number.</summary>
    public int OptionNumber(string name, int otherwise) => Option(name) is { } text ? NumberOf(text) : otherwise;

    /// <summary>An option that is a list of numbers, separated by commas.</summary>
    public IReadOnlyList<int>? OptionNumbers(string name) =>
        Option(name) is { } text ? [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(NumberOf)] : null;

    private int NumberOf(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new FormatException($"'{Name}' needs a number, not '{text}'");
}
