namespace RaftLog.Architecture.Tests;

/// <summary>The words of <c>docs/glossary.md</c> hold in code and in what the program prints; and each of these rules can fail.</summary>
public sealed class WordTests
{
    private static readonly string[] Everything = ["src", "tests", "jepsen"];

    [Fact]
    public void No_identifier_has_a_word_that_the_glossary_replaces() =>
        RoomTests.AssertNone(WordRules.BannedIdentifiers(Sources(Everything)));

    [Fact]
    public void Nothing_prints_a_word_that_the_glossary_replaces() => RoomTests.AssertNone(WordRules.BannedStrings(Sources("src")));

    [Fact]
    public void No_document_has_a_word_that_the_glossary_replaces() => RoomTests.AssertNone(WordRules.BannedLines(Documents()));

    [Fact]
    public void No_line_of_code_is_too_long() => RoomTests.AssertNone(WordRules.LongLines(Sources(Everything)));

    [Fact]
    public void No_two_types_share_a_name() => RoomTests.AssertNone(WordRules.SharedNames(Sources("src")));

    [Theory]
    [InlineData("int answerCount;")]
    [InlineData("void RefuseAll() { }")]
    [InlineData("class Journal;")]
    [InlineData("bool _isSpoilt;")]
    [InlineData("class LogManager;")]
    [InlineData("bool hasNews;")]
    [InlineData("void RehearseAll() { }")]
    public void A_replaced_word_in_an_identifier_is_seen(string code) => Assert.Single(WordRules.BannedIdentifiers([("A.cs", code)]));

    [Theory]
    [InlineData("// an answer")]
    [InlineData("string text = \"an answer\";")]
    [InlineData("ConnectOutcome.Refused")]
    [InlineData("void A_node_answers_late() { }")]
    public void A_comment_a_text_a_connection_and_a_sentence_are_no_identifiers(string code) =>
        Assert.Empty(WordRules.BannedIdentifiers([("A.cs", code)]));

    [Theory]
    [InlineData("Say(\"there is no answer\");")]
    [InlineData("Say($\"{node} refuses the change\");")]
    [InlineData("Say(\"see the journal\");")]
    public void A_replaced_word_in_a_text_is_seen(string code) => Assert.Single(WordRules.BannedStrings([("A.cs", code)]));

    [Fact]
    public void A_replaced_word_in_a_document_is_seen() =>
        Assert.Equal(
            ["A.md(2): It waits for an answer.: use the words of docs/glossary.md"],
            WordRules.BannedLines([("A.md", "A\nIt waits for an answer.")])
        );

    [Theory]
    [InlineData("src/RaftLog.Storage/A.cs", 2)]
    [InlineData("src/RaftLog.Broker/A.cs", 0)]
    public void A_log_that_is_cut_is_seen_where_logs_are(string file, int expected)
    {
        (string, string)[] sources = [(file, "void CutOff() => Say(\"the log was cut, not by a power cut\");")];

        Assert.Equal(expected, WordRules.BannedIdentifiers(sources).Concat(WordRules.BannedStrings(sources)).Count());
    }

    [Fact]
    public void A_long_line_is_seen_unless_a_literal_quotes_it()
    {
        string line = new('x', WordRules.MaxColumns + 1);
        Assert.Equal(["A.cs(2): 141 characters; at most 140"], WordRules.LongLines([("A.cs", $"a\n{line}\n\"\"\"\n{line}\n\"\"\"")]));
    }

    [Fact]
    public void Two_types_of_one_name_in_two_folders_are_seen() =>
        Assert.Single(WordRules.SharedNames([("a/A.cs", "internal sealed class Same\n"), ("b/A.cs", "public record Same(int X);\n")]));

    /// <summary>Documents, and the texts that the program and its pages are made from. The glossary quotes what it replaces.</summary>
    private static IEnumerable<(string File, string Text)> Documents() =>
        new[] { "docs", "src", "findings" }
            .SelectMany(static folder => Repository.SourcesBelow(folder))
            .Where(static file => file.EndsWith(".md", StringComparison.Ordinal) || file.EndsWith(".txt", StringComparison.Ordinal))
            .Where(static file => file != "docs/glossary.md")
            .Concat(["README.md", "CONTRIBUTING.md"])
            .Select(static file => (file, File.ReadAllText(Repository.At(file))));

    /// <summary>The rules themselves quote the words that they look for.</summary>
    private static IEnumerable<(string File, string Text)> Sources(params IEnumerable<string> folders) =>
        folders
            .SelectMany(static folder => Repository.SourcesBelow(folder))
            .Where(static file =>
                file.EndsWith(".cs", StringComparison.Ordinal) && !file.Contains("/RaftLog.Architecture.Tests/", StringComparison.Ordinal)
            )
            .Select(static file => (file, File.ReadAllText(Repository.At(file))));
}
