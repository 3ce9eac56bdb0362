/* SPDX-License-Identifier: MIT */
/* The daemon's life: how it starts, ends, is killed, and what it prints. */
#include "mount.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* The fixture unmounts at the end. */
static void mount_again(void)
{
	g_assert_false(is_mounted(MNT));
	daemon_start(options_of_path());
	has_names(MNT, "a ");
}

static void signals_unmount_and_end_it_well(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

	unmount();
	put(SHM "/a", "text");
	for (size_t i = 0; i < G_N_ELEMENTS(signals); i++) {
		pid_t daemon = daemon_start(options_of_path());

		has_text(MNT "/a", "text");
		ok(kill(daemon, signals[i]));
		g_assert_cmpint(daemon_status(daemon), ==, 0);
		g_assert_false(is_mounted(MNT));
	}
	mount_again();
}

static void a_signal_ends_it_while_files_are_open(void)
{
	pid_t daemon = daemon_anew(NULL);
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));

	ok(kill(daemon, SIGTERM));
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	g_assert_false(is_mounted(MNT));
	close(fd);
	mount_again();
}

static void a_signal_ends_it_while_locks_are_held(void)
{
	pid_t daemon = daemon_anew(NULL);
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600)), native = ok(open(SHM "/a", O_RDWR));

	ok(flock(fd, LOCK_EX));
	fails(EWOULDBLOCK, flock(native, LOCK_SH | LOCK_NB));
	ok(kill(daemon, SIGTERM));
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	ok(flock(native, LOCK_EX | LOCK_NB));
	close(fd);
	mount_again();
}

static void umount_ends_it_well(void)
{
	pid_t daemon = daemon_anew(NULL);

	put(MNT "/a", "text");
	unmount();
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	has_text(SHM "/a", "text");
	mount_again();
}

/* Their releases are still on the way to the daemon when the mount ends. */
static void umount_right_after_many_files_ends_it_well(void)
{
	unmount();
	put(SHM "/a", "");
	for (int round = 0; round < 20; round++) {
		pid_t daemon = daemon_start(options_of_path()), pid;

		CHILD (pid) {
			for (int i = 0; i < 400; i++)
				ok(open(MNT, O_TMPFILE | O_RDWR, 0600));
		}
		ends_well(pid);
		unmount();
		g_assert_cmpint(daemon_status(daemon), ==, 0);
		g_assert_cmpstr(daemon_stderr(), ==, "");
	}
	mount_again();
}

static void a_killed_daemon_loses_nothing(void)
{
	pid_t daemon = daemon_anew(NULL);
	char *map = NULL;
	int fd;

	put(MNT "/a", "text");
	fd = ok(open(MNT "/a", O_RDWR));
	if (on_passthrough())
		map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(map != MAP_FAILED);
	ok(kill(daemon, SIGKILL));
	g_assert_cmpint(daemon_status(daemon), ==, SIGKILL);
	has_text(SHM "/a", "text");
	/* ECONNABORTED: io_uring is still being taken down. */
	wait_until (error_of(open(MNT "/a", O_RDWR)) == ENOTCONN)
		;
	if (map) {
		memcpy(map, "live", 4);
		has_text(SHM "/a", "live");
		ok(pwrite(fd, "still live", 10, 0));
		g_assert_cmpstr(map, ==, "still live");
	}
	ok(umount2(MNT, MNT_DETACH));
	mount_again();
	g_assert_cmpint(stat_of(MNT "/a").st_ino, ==, stat_of(SHM "/a").st_ino);
	if (map) {
		memcpy(map, "STILL", 5);
		has_text(MNT "/a", "STILL live");
	}
}

static void two_mounts_show_one_memory(void)
{
	ok(mkdir("/run/mnt2", 0755));
	g_assert_cmpint(run_shmfuse("-o %s /run/mnt2", options_of_path()), ==, 0);
	for (int round = 0; round < 50; round++) {
		put(MNT "/a", "first");
		has_text("/run/mnt2/a", "first");
		ok(truncate("/run/mnt2/a", 2));
		same_stat(MNT "/a", "/run/mnt2/a");
		ok(unlink("/run/mnt2/a"));
		g_assert_false(exists(MNT "/a"));
	}
	ok(umount("/run/mnt2"));
}

static void objects_need_no_descriptors_of_the_daemon(void)
{
	ok(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 64, 64 }));
	daemon_anew(NULL);
	sh("cd $SHM; touch $(seq 500); cd $MNT; ls -l >/dev/null; stat $(seq 500) >/dev/null\n"
	   "for i in $(seq 100); do read line <$i || :; done; rm $(seq 500); touch a");
	has_names(SHM, "a ");
}

static bool is_running(void)
{
	g_autofree char *name = g_path_get_basename(shmfuse_path());
	g_autofree char *count = sh_output("comm=$(echo $1 | cut -c-15)\n"
					   "grep -lsxF $comm /proc/[0-9]*/comm | wc -l",
					   name);

	return atoi(count) > 0;
}

static void it_is_in_the_background_once_it_has_mounted(void)
{
	g_assert_cmpint(run_shmfuse("-o data=mapped " MNT), ==, 0);
	g_assert_true(is_mounted(MNT));
	has_text(RUN_OUT, "");
	has_text(RUN_ERR, "");
	put(MNT "/a", "text");
	has_text(SHM "/a", "text");
	g_assert_true(is_running());
	unmount();
	wait_until (!is_running())
		;
}

/* In most rounds umount(8) comes before the kernel's and the daemon's greetings are over. */
static void umount_at_once_ends_it_well(void)
{
	for (int round = 0; round < 10; round++)
		sh("\"$SHMFUSE\" -f -o data=mapped $MNT & daemon=$!\n"
		   "until umount $MNT 2>/dev/null; do :; done; wait $daemon");
}

static void the_environment_of_the_caller_does_not_matter(void)
{
	ok(chdir("/run"));
	umask(0777);
	g_assert_cmpint(run_shmfuse("-o data=mapped shm mnt"), ==, 0);
	umask(0);
	ok(close(ok(open(MNT "/a", O_RDWR | O_CREAT, 0666))));
	g_assert_cmpint(stat_of(SHM "/a").st_mode, ==, S_IFREG | 0666);
	unmount();
}

/* What it opens must not come in their place, where they are closed. */
static void standard_descriptors_are_not_needed(void)
{
	static const char *const closed[] = { "<&-", ">&-", "2>&-", "<&- >&- 2>&-" };

	for (size_t i = 0; i < G_N_ELEMENTS(closed); i++) {
		g_autofree char *script =
			g_strdup_printf("\"$SHMFUSE\" -o data=mapped $MNT %s", closed[i]);

		sh(script);
		put(MNT "/a", closed[i]);
		has_text(SHM "/a", closed[i]);
		unmount();
	}
}

static void sources_name_the_shm_directory(void)
{
	static const char *const sources[] = { "", "shm", "shmfuse", "none", SHM };

	for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
		g_assert_cmpint(run_shmfuse("-o data=mapped %s " MNT, sources[i]), ==, 0);
		has_names(MNT, "");
		unmount();
	}
}

static char *mount_line(void)
{
	return sh_output("grep \" $MNT \" /proc/self/mountinfo");
}

static void the_mount_table_names_it(void)
{
	g_autofree char *line = mount_line();

	g_assert_nonnull(strstr(line, " fuse.shmfuse "));
	g_assert_nonnull(strstr(line, "allow_other"));
	g_assert_nonnull(strstr(line, "default_permissions"));
}

static void generic_options_are_the_kernels(void)
{
	g_autofree char *line = NULL;

	g_assert_cmpint(run_shmfuse("-o data=mapped,nosuid,nodev,noexec,noatime,ro " MNT), ==, 0);
	line = mount_line();
	g_assert_nonnull(strstr(line, "ro,nosuid,nodev,noexec,noatime"));
	unmount();
}

static void options_of_fstab_are_accepted(void)
{
	g_assert_cmpint(run_shmfuse("shm " MNT " -o rw,data=mapped,nofail,_netdev,noauto,"
				    "x-systemd.automount,x-systemd.requires=/run,defaults"),
			==, 0);
	put(MNT "/a", "text");
	has_text(SHM "/a", "text");
	unmount();
}

/* mount(8) clears PATH, so that its helpers find programs in the usual places only. */
static void put_in_path(void)
{
	g_autofree char *script = g_strdup_printf("#!/bin/sh\nexec '%s' \"$@\"\n", shmfuse_path());

	ok(mkdir("/run/bin", 0755));
	put("/run/bin/shmfuse", script);
	ok(chmod("/run/bin/shmfuse", 0755));
	ok(mount("/run/bin", "/usr/local/bin", NULL, MS_BIND, NULL));
}

static void mount_and_fstab_start_it(void)
{
	put_in_path();
	sh("mount -t fuse.shmfuse -o data=mapped,nofail,_netdev,x-systemd.automount shm $MNT");
	put(MNT "/a", "text");
	has_text(SHM "/a", "text");
	unmount();
	put("/run/fstab",
	    "shm " MNT " fuse.shmfuse data=mapped,nofail,_netdev,x-systemd.automount 0 0\n");
	sh("mount -T /run/fstab $MNT");
	has_text(MNT "/a", "text");
	unmount();
	/* The source is a word, even where mount(8) sees a file in it. */
	sh("mkdir /run/shm; cd /run; mount -t fuse.shmfuse -o data=mapped shm $MNT");
	has_text(MNT "/a", "text");
	unmount();
	/* Not just any file of that name. */
	g_assert_cmpint(run_shmfuse("-o data=mapped /run/shm " MNT), ==, 1);
}

/* Patterns and colons as they stand in shells, in fstab, and in the helpers between. */
static void mount_and_fstab_make_views(void)
{
	static const char words[] = "data=mapped,subdir=team,share_ro=cam_[0-9]:sem.cam_*,"
				    "share=map_?:*.pub";

	put_in_path();
	put(SHM "/team%", "");
	for (const char **name = (const char *[]){ "cam_1", "cam_x", "map_1", "b.pub", "other",
						   "team%own", NULL };
	     *name; name++) {
		g_autofree char *path = g_strconcat(SHM "/", *name, NULL);

		put(path, "text");
	}
	sh("cd $SHM; mount -t fuse.shmfuse -o \"$1\" shm $MNT", words);
	has_names(MNT, "b.pub cam_1 map_1 own ");
	fails(EROFS, truncate(MNT "/cam_1", 0));
	ok(truncate(MNT "/map_1", 0));
	unmount();
	sh("echo \"shm $MNT fuse.shmfuse nofail,$1 0 0\" >/run/fstab; mount -T /run/fstab $MNT",
	   words);
	has_names(MNT, "b.pub cam_1 map_1 own ");
	fails(EROFS, truncate(MNT "/cam_1", 0));
	unmount();
}

static void others_are_kept_out_when_told(void)
{
	put(SHM "/a", "text");
	AS_USER (1000, 1000)
		fails(EACCES, open(MNT "/a", O_RDONLY));
	has_text(MNT "/a", "text");
}

static void expect_short_lines(const char *path)
{
	g_autofree char *text = get(path);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	g_assert_cmpint(strlen(text), >, 0);
	g_assert_true(g_str_has_suffix(text, "\n"));
	for (char **line = lines; *line; line++)
		g_assert_cmpint(strlen(*line), <=, 80);
}

static void help_tells_every_option(void)
{
	static const char *const words[] = {
		"MOUNTPOINT",	 "-o ",	       "-f",	  "-d",		"-h",	       "-V",
		"--help",	 "--version",  "--check", "data=",	"passthrough", "mapped",
		"noallow_other", "separator=", "flat",	  "local_lock="
	};

	g_assert_cmpint(run_shmfuse("-h"), ==, 0);
	g_assert_cmpint(run_shmfuse("--help"), ==, 0);
	has_text(RUN_ERR, "");
	expect_short_lines(RUN_OUT);
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		sh("grep -qF -e $1 " RUN_OUT, words[i]);
}

static void version_is_told(void)
{
	g_assert_cmpint(run_shmfuse("-V"), ==, 0);
	g_assert_cmpint(run_shmfuse("--version"), ==, 0);
	has_text(RUN_ERR, "");
	expect_short_lines(RUN_OUT);
	sh("grep -qE '^shmfuse.* [0-9]+\\.[0-9]+' " RUN_OUT);
}

static void check_tells_what_the_machine_can_do(void)
{
	int code = run_shmfuse("--check");

	g_assert_cmpint(code, ==, run_shmfuse("-o data=passthrough " MNT) == 0 ? 0 : 1);
	if (code == 0)
		unmount();
	run_shmfuse("--check");
	expect_short_lines(RUN_OUT);
	sh("test $(wc -l <" RUN_OUT ") -le 25; grep -qi passthrough " RUN_OUT);
	g_assert_false(is_mounted(MNT));
	has_names(SHM, "");
	AS_USER (1000, 1000) {
		ok(chdir("/"));
		g_assert_cmpint(system("\"$SHMFUSE\" --check >&2"), !=, 0);
	}
}

static const struct mount_test tests[] = {
	{ TEST(signals_unmount_and_end_it_well) },
	{ TEST(a_signal_ends_it_while_files_are_open) },
	{ TEST(a_signal_ends_it_while_locks_are_held) },
	{ TEST(umount_ends_it_well) },
	{ TEST(umount_right_after_many_files_ends_it_well) },
	{ TEST(a_killed_daemon_loses_nothing) },
	{ TEST(two_mounts_show_one_memory) },
	{ TEST(objects_need_no_descriptors_of_the_daemon) },
	{ TEST(the_mount_table_names_it) },
	{ TEST(others_are_kept_out_when_told), .options = "noallow_other" },
	{ TEST(it_is_in_the_background_once_it_has_mounted), NO_MOUNT },
	{ TEST(umount_at_once_ends_it_well), NO_MOUNT },
	{ TEST(the_environment_of_the_caller_does_not_matter), NO_MOUNT },
	{ TEST(standard_descriptors_are_not_needed), NO_MOUNT },
	{ TEST(sources_name_the_shm_directory), NO_MOUNT },
	{ TEST(generic_options_are_the_kernels), NO_MOUNT },
	{ TEST(options_of_fstab_are_accepted), NO_MOUNT },
	{ TEST(mount_and_fstab_start_it), NO_MOUNT, .needs = "mount.fuse3" },
	{ TEST(mount_and_fstab_make_views), NO_MOUNT, .needs = "mount.fuse3" },
	{ TEST(help_tells_every_option), NO_MOUNT },
	{ TEST(version_is_told), NO_MOUNT },
	{ TEST(check_tells_what_the_machine_can_do), NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "daemon", tests, G_N_ELEMENTS(tests));
}
