from mocksrv.cli import main

main(prog_name="mocksrv")
