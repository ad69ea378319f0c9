using System.Text;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Tests.Configuration;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Tests;

/// <summary>
/// <c>docs/protocol-support.md</c> is written from the version tables. Run the tests with RAFTLOG_REWRITE_DOCS=1 to write it anew.
/// </summary>
public sealed class ProtocolSupportPageTests
{
    [Fact]
    public void The_page_says_what_the_tables_say() => GeneratedPage.MustSay("protocol-support.md", Page());

    [Fact]
    public void No_served_version_lacks_a_schema()
    {
        foreach (ServedVersions served in ServedVersions.OnBrokers)
        {
            Assert.True(ApiCatalog.TryFind(served.Key, out ApiDescription? api));
            Assert.True(api.Supports(served.Lowest) && api.Supports(served.Highest), $"{served.Key} {served.Lowest} to {served.Highest}");
        }
    }

    private static string Page()
    {
        StringBuilder page = new();
        page.Append("# Protocol support\n\n");
        page.Append(
            "<!-- Written by ProtocolSupportPageTests from the version tables; run the tests with RAFTLOG_REWRITE_DOCS=1 after a "
                + "change. -->\n\n"
        );
        page.Append("Versions beyond these close the connection, as Kafka does; only ApiVersions answers them (KIP-511).\n\n");
        page.Append("## A broker's listener\n\n| Key | API | Versions | Note |\n|---|---|---|---|\n");
        foreach (ServedVersions served in ServedVersions.OnBrokers)
        {
            page.Append($"| {(int)served.Key} | {served.Key} | {Range(served.Lowest, served.Highest)} | {served.Note} |\n");
        }

        page.Append("\n## A controller's listener\n\n| Key | API | Versions |\n|---|---|---|\n");
        foreach (ApiKey key in ServedVersions.OnControllers)
        {
            Assert.True(ApiCatalog.TryFind(key, out ApiDescription? api));
            page.Append($"| {(int)key} | {key} | {Range(api.LowestVersion, api.HighestVersion)} |\n");
        }

        return page.ToString();
    }

    private static string Range(short lowest, short highest) => lowest == highest ? $"{lowest}" : $"{lowest} to {highest}";
}
