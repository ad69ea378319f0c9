using System.Text.RegularExpressions;

namespace RaftLog.Architecture.Tests;

/// <summary>Rules over what people read: documents and the names of tests.</summary>
internal static partial class WritingRules
{
    internal const int MaxMarkdownLine = 300;

    internal const int MaxTestName = 100;

    /// <summary>Lines of documents that nobody can review in a difference.</summary>
    internal static IEnumerable<string> TooLongLines(IEnumerable<(string File, string Text)> documents) =>
        from document in documents
        from line in document.Text.Split('\n').Select((text, index) => (Text: text, Number: index + 1))
        where line.Text.Length > MaxMarkdownLine
        select $"{document.File}:{line.Number} has {line.Text.Length} characters; beyond {MaxMarkdownLine} it is a list or several "
            + $"sentences";

    /// <summary>Links of documents to files of the repository that are not there.</summary>
    internal static IEnumerable<string> BrokenLinks(IEnumerable<(string File, string Text)> documents, Func<string, bool> exists) =>
        from document in documents
        from link in Link().Matches(document.Text)
        let target = link.Groups["target"].Value
        where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal)
        let path = Path.Combine(Path.GetDirectoryName(document.File) ?? "", target)
        where !exists(path)
        select $"{document.File} links to {target}, which does not exist";

    /// <summary>Tests whose names are sentences that nobody can keep in mind.</summary>
    internal static IEnumerable<string> TooLongTestNames(IEnumerable<(string File, string Text)> sources) =>
        from source in sources
        from test in TestMethod().Matches(source.Text)
        let name = test.Groups["name"].Value
        where name.Length > MaxTestName
        select $"{source.File}: {name} has {name.Length} characters; say thing, condition and result in {MaxTestName}";

    // The target of [text](target#part), without the part; a link within the page has no target.
    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)(#[^)]*)?\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex(@"\bpublic\s+(async\s+)?(Task|void|Property|bool)\s+(?<name>\w+_\w+)\s*\(", RegexOptions.ExplicitCapture)]
    private static partial Regex TestMethod();
}
