using System.Text.RegularExpressions;

namespace RaftLog.Architecture.Tests;

/// <summary>
/// Rules over the words of source files: the ones that <c>docs/glossary.md</c> replaces, names of types, lengths of lines.
/// </summary>
internal static partial class WordRules
{
    /// <summary>The longest line of C#, in characters.</summary>
    internal const int MaxColumns = 140;

    /// <summary>Words that no identifier contains, and what to call the thing instead.</summary>
    private static readonly (Regex Word, string Instead)[] Identifiers =
    [
        (AnswerWord(), "response, respond"),
        (RefusalWord(), "rejection, reject (a connection alone is refused)"),
        (JournalWord(), "node log"),
        (SpoiltWord(), "corrupt"),
        (JobWord(), "the name of its job"),
        (NewsWord(), "updates"),
        (MetaphorWord(), "what happens"),
    ];

    /// <summary>Words that nothing prints.</summary>
    private static readonly (Regex Word, string Instead)[] Printed =
    [
        (PrintedAnswer(), "response"),
        (PrintedRefusal(), "rejection, reject (a connection alone is refused)"),
        (PrintedJournal(), "node log"),
        (PrintedSpoilt(), "corrupt"),
    ];

    /// <summary>Where a log is truncated and never cut. Elsewhere a network is cut, and the power.</summary>
    private static readonly string[] RoomsOfLogs =
    [
        "src/RaftLog.Storage/",
        "src/RaftLog.Replication/",
        "src/RaftLog.Raft/",
        "src/RaftLog.Metadata/",
    ];

    /// <summary>Identifiers with a word that the glossary replaces.</summary>
    internal static IEnumerable<string> BannedIdentifiers(IEnumerable<(string File, string Text)> sources) =>
        from source in sources
        from name in Identifier()
            .Matches(CommentOrString().Replace(source.Text, " "))
            .Select(static match => match.Value)
            .Distinct(StringComparer.Ordinal)
        from banned in IsOfLogs(source.File) ? Identifiers.Append((Word: CutWord(), Instead: "truncation, truncate")) : Identifiers
        where banned.Word.IsMatch(name) && !IsExempt(name)
        select $"{source.File}: {name}: say {banned.Instead} (docs/glossary.md)";

    /// <summary>String literals with a word that the glossary replaces.</summary>
    internal static IEnumerable<string> BannedStrings(IEnumerable<(string File, string Text)> sources) =>
        from source in sources
        from text in CommentOrString().Matches(source.Text).Select(static match => match.Value)
        where text[0] != '/' && !text.Contains("onnect", StringComparison.Ordinal)
        from banned in IsOfLogs(source.File) ? Printed.Append((Word: PrintedCut(), Instead: "truncation, truncate")) : Printed
        where banned.Word.IsMatch(text)
        select $"{source.File}: {text}: say {banned.Instead} (docs/glossary.md)";

    /// <summary>Lines of documents, and of texts that the program is built from, with a word that the glossary replaces.</summary>
    internal static IEnumerable<string> BannedLines(IEnumerable<(string File, string Text)> documents) =>
        from document in documents
        from line in document.Text.Split('\n').Index()
        where PrintedAnswer().IsMatch(line.Item) || PrintedSpoilt().IsMatch(line.Item)
        select $"{document.File}({line.Index + 1}): {line.Item.Trim()}: use the words of docs/glossary.md";

    /// <summary>
    /// Lines that do not fit beside another file on a screen. A raw or verbatim literal keeps the lines of what it quotes.
    /// </summary>
    internal static IEnumerable<string> LongLines(IEnumerable<(string File, string Text)> sources) =>
        from source in sources
        let quoted = LinesOf(source.Text, Quotation().Matches(source.Text))
        from line in source.Text.Split('\n').Index()
        where line.Item.Length > MaxColumns && !quoted.Contains(line.Index)
        select $"{source.File}({line.Index + 1}): {line.Item.Length} characters; at most {MaxColumns}";

    /// <summary>
    /// Names that two types share which one reader meets: in a node, or in a client. What a client sees of a node keeps the name that it
    /// has in the protocol.
    /// </summary>
    internal static IEnumerable<string> SharedNames(IEnumerable<(string File, string Text)> sources) =>
        from type in sources.SelectMany(static source =>
            TopLevelType().Matches(source.Text).Select(match => (source.File, Name: match.Groups["name"].Value)).Distinct()
        )
        group type.File by type.Name into named
        let files = named.ToList()
        where
            SharedBy(files.Where(static file => !IsOfClients(file)))
            || SharedBy(files.Where(static file => IsOfClients(file) || IsOfBoth(file)))
        select $"{named.Key} is the name of types in {string.Join(", ", files)}: one name means one thing";

    private static bool IsOfLogs(string file) => RoomsOfLogs.Any(room => file.StartsWith(room, StringComparison.Ordinal));

    private static bool SharedBy(IEnumerable<string> files) =>
        files.Select(Path.GetDirectoryName).Distinct(StringComparer.Ordinal).Count() > 1;

    private static bool IsOfClients(string file) =>
        file.StartsWith("src/RaftLog.Cli", StringComparison.Ordinal) || file.StartsWith("src/RaftLog.Testing", StringComparison.Ordinal);

    private static bool IsOfBoth(string file) =>
        file.StartsWith("src/RaftLog.Protocol", StringComparison.Ordinal)
        || file.StartsWith("src/RaftLog.Platform", StringComparison.Ordinal);

    /// <summary>
    /// A connection is refused, in the words of the operating system; types of others keep their names; the name of a test is a sentence,
    /// in which a
    /// node may answer.
    /// </summary>
    private static bool IsExempt(string name) =>
        name
            is "Refused"
                or "ConnectionRefused"
                or "allRefused"
                or "IsRefusedAsync"
                or "NeverRefusingNetwork"
                or "refused"
                or "ITestOutputHelper"
                or "MemoryManager"
                or "TryGetMemoryManager"
        || name.Count(static c => c == '_') > 1;

    /// <summary>The numbers, from 0, of the lines that matches lie on.</summary>
    private static HashSet<int> LinesOf(string text, MatchCollection matches) =>
        [.. matches.SelectMany(match => Enumerable.Range(text.AsSpan(0, match.Index).Count('\n'), match.ValueSpan.Count('\n') + 1))];

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Identifier();

    // Comments, then raw, verbatim and plain string literals; character literals, so that a quote in one begins nothing.
    [GeneratedRegex(
        """
            //[^\n]*|/\*.*?\*/|"{3,}.*?"{3,}|@"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'
            """,
        RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace
    )]
    private static partial Regex CommentOrString();

    [GeneratedRegex(@"(?<![a-z])[Aa]nswer(s|ed|ing)?(?![a-z])|(?<=[a-z])Answer(s|ed|ing)?(?![a-z])")]
    private static partial Regex AnswerWord();

    [GeneratedRegex(@"(?<![a-z])[Rr]efus(e|es|ed|ing|al|als)(?![a-z])|(?<=[a-z])Refus(e|es|ed|ing|al|als)(?![a-z])")]
    private static partial Regex RefusalWord();

    [GeneratedRegex(@"(?<![a-z])[Jj]ournals?(?![a-z])|(?<=[a-z])Journals?(?![a-z])")]
    private static partial Regex JournalWord();

    [GeneratedRegex(@"(?<![a-z])([Ss]poil(s|t|ed)?|[Rr]ot(s|ted|ten))(?![a-z])|(?<=[a-z])(Spoil(s|t|ed)?|Rotten)(?![a-z])")]
    private static partial Regex SpoiltWord();

    [GeneratedRegex(@"(Manager|Helpers?|Utils?)$")]
    private static partial Regex JobWord();

    [GeneratedRegex(@"(?<![a-z])[Nn]ews(?![a-z])|(?<=[a-z])News(?![a-z])")]
    private static partial Regex NewsWord();

    [GeneratedRegex(@"[Qq]uarrel|[Rr]ehears|NameTheDead|(^|_)IsQuestion$|(^|_)Settles$|ToldHighWatermark")]
    private static partial Regex MetaphorWord();

    [GeneratedRegex(@"(?<![a-z])[Cc]ut(s|ting)?(?![a-z])|(?<=[a-z])Cut(s|ting)?(?![a-z])")]
    private static partial Regex CutWord();

    [GeneratedRegex(@"(?<!power )\bcut(s|ting)?\b", RegexOptions.IgnoreCase)]
    private static partial Regex PrintedCut();

    [GeneratedRegex(@"\b(an|the|no|its|this|each|every|of|in|with|for|from|by) answers?\b", RegexOptions.IgnoreCase)]
    private static partial Regex PrintedAnswer();

    [GeneratedRegex(@"\brefus(e|es|ed|ing|al|als)\b", RegexOptions.IgnoreCase)]
    private static partial Regex PrintedRefusal();

    [GeneratedRegex(@"\bjournals?\b", RegexOptions.IgnoreCase)]
    private static partial Regex PrintedJournal();

    [GeneratedRegex(@"\b(spoilt|spoiled|rotten|rotted)\b", RegexOptions.IgnoreCase)]
    private static partial Regex PrintedSpoilt();

    [GeneratedRegex(
        """
            "{3,}.*?"{3,}|@"(?:[^"]|"")*"
            """,
        RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace
    )]
    private static partial Regex Quotation();

    [GeneratedRegex(
        @"^(public|internal)( static| sealed| abstract| readonly| ref| partial| unsafe)* (class|struct|record struct|record class|record|enum|interface) (?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture
    )]
    private static partial Regex TopLevelType();
}
