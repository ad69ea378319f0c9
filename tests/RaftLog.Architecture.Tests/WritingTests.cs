namespace RaftLog.Architecture.Tests;

/// <summary>Documents and test names are written for people; and each of these rules can fail.</summary>
public sealed class WritingTests
{
    private static readonly string[] DocumentFolders = ["docs", "findings", "jepsen"];

    [Fact]
    public void No_line_of_a_document_is_too_long() => RoomTests.AssertNone(WritingRules.TooLongLines(Documents()));

    [Fact]
    public void Links_of_documents_lead_to_files_that_exist() =>
        RoomTests.AssertNone(WritingRules.BrokenLinks(Documents(), path => Path.Exists(Repository.At(path))));

    [Fact]
    public void No_test_name_is_too_long() => RoomTests.AssertNone(WritingRules.TooLongTestNames(Tests()));

    [Fact]
    public void A_long_line_and_a_dead_link_are_seen()
    {
        (string File, string Text)[] documents =
        [
            ("docs/page.md", new string('x', WritingRules.MaxMarkdownLine + 1) + "\nshort"),
            ("docs/links.md", "[a](there.md) [b](gone.md#part) [c](#here) [d](https://example.org/x)"),
        ];
        string link = Assert.Single(WritingRules.BrokenLinks(documents, path => path == Path.Combine("docs", "there.md")));
        Assert.Contains("links to gone.md", link, StringComparison.Ordinal);
        Assert.Contains("docs/page.md:1 has", Assert.Single(WritingRules.TooLongLines(documents)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("public void {0}()")]
    [InlineData("public async Task {0}(int times)")]
    [InlineData("public Property {0}() =>")]
    public void A_long_test_name_is_seen(string declaration)
    {
        string text = declaration.Replace("{0}", "A_" + new string('x', WritingRules.MaxTestName), StringComparison.Ordinal);
        Assert.Single(WritingRules.TooLongTestNames([("T.cs", text)]));
    }

    private static IEnumerable<(string File, string Text)> Documents() =>
        DocumentFolders
            .SelectMany(folder => Repository.SourcesBelow(folder))
            .Concat(Directory.EnumerateFiles(Repository.Root, "*.md").Select(Path.GetFileName).OfType<string>())
            .Where(file => file.EndsWith(".md", StringComparison.Ordinal))
            .Select(file => (file, File.ReadAllText(Repository.At(file))));

    private static IEnumerable<(string File, string Text)> Tests() =>
        Repository
            .SourcesBelow("tests")
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal))
            .Select(file => (file, File.ReadAllText(Repository.At(file))));
}
